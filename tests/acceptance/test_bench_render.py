"""`clarion bench render`: both engines write the same mail, and the figures are of that."""

from dataclasses import replace

from clarion.surfaces.cli.bench.experiments import LONGER
from clarion.surfaces.cli.bench.measured import QUICK, Advance, unheard
from clarion.surfaces.cli.bench.render import RenderTime, measure_render


class _Deaf:
    def stage(self, text: str, total: int | None = None) -> Advance:
        return unheard


def test_rendering_is_measured_beside_jinja_on_the_same_mails() -> None:
    rows = list(measure_render(replace(QUICK, renderings=500), _Deaf()))
    assert [row.kind for row in rows] == ["Clarion", "plain Jinja2", "Clarion, and built"]
    assert [row.flaw for row in rows] == ["", "", ""]
    assert all(0 < row.median_ms <= row.p99_ms for row in rows)
    assert rows[1].times == 1.0
    assert 3_900 < rows[0].source_bytes < 4_300
    assert len(rows[0].cells()) == len(RenderTime.COLUMNS)


def test_it_is_among_the_experiments_one_asks_for_by_name() -> None:
    assert "render" in [experiment.name for experiment in LONGER]
