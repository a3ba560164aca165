"""What a gateway's answer means, by the codes that its account names; there is no vendor's table here."""

from clarion.contract.faults import Misconfigured
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.egress.http import Response
from clarion.providers.httpsms.reading import REASONS, Reading, at, decoded
from clarion.providers.vendor_api import by_status, wait_asked

LONGEST_CODE = 40


def judge(response: Response, reading: Reading) -> Outcome:
    """The outcome of an answer. Success wants a 2xx and, where the account names one, the condition `ok`; a 2xx that is
    neither that nor a known refusal is unclear, for the gateway may have taken the message. Raises Misconfigured."""
    told = decoded(response.body)
    well = 200 <= response.status < 300
    if well and (reading.ok is None or reading.ok.holds(told)):
        return Sent(remote_id=at(told, reading.id)[:200])
    code = at(told, reading.error)
    meaning = reading.codes.get(code) or reading.codes.get(f"http{response.status}")
    if meaning is not None:
        return _known(meaning, code if code in reading.codes else f"HTTP {response.status}", response)
    if well and code:
        return Retry(why=Reason.UNRECOGNISED, detail=_shown(code))
    if well:
        return Unclear(why=Reason.UNRECOGNISED, detail="neither ok= nor a code of codes= fits the answer")
    return by_status(response, detail=_shown(code) if code else "")


def _known(meaning: str, code: str, response: Response) -> Outcome:
    detail = code if code.startswith("HTTP ") else _shown(code)
    if meaning == "account":
        raise Misconfigured(f"the gateway refuses the account ({detail}): check its credentials and balance")
    if meaning in ("throttled", "retry"):
        after = wait_asked(response)
        return Retry(why=REASONS[meaning], after=after, whole_account=meaning == "throttled", detail=detail)
    return Rejected(why=REASONS[meaning], suppress=meaning == "dead", detail=detail)


def _shown(code: str) -> str:
    """A gateway's code, if it is one: a longer text might repeat the number."""
    plain = code.isascii() and len(code) <= LONGEST_CODE and code.replace("_", "").replace("-", "").isalnum()
    digits = sum(char.isdigit() for char in code)
    return f"code {code}" if plain and digits < 7 else "a code that is not shown"
