"""The stable codes of findings, how grave each is and what to do about it. docs/reference/checks.md is made of this."""

from dataclasses import dataclass

from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.severity import Severity

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`meaning` says what was found, `hint` what to do about it."""

    severity: Severity
    meaning: str
    hint: str


def _rule(severity: Severity, meaning: str, hint: str) -> Rule:
    return Rule(severity=severity, meaning=meaning, hint=hint)


RULES: dict[Code, Rule] = {
    Code.TEMPLATE_SYNTAX: _rule(
        ERROR, "the source is not a valid template", "mend the tag or expression at this place"
    ),
    Code.TEMPLATE_FORBIDDEN: _rule(
        ERROR, "the template asks for something it may not do", "use what docs/howto/write-a-template.md lists"
    ),
    Code.TEMPLATE_FIELD: _rule(
        ERROR,
        "the channel does not have this field, or lacks one it needs",
        "name the fields as the channel does and fill the required ones",
    ),
    Code.TEMPLATE_TOO_LARGE: _rule(
        ERROR, "the source is longer, deeper or fuller of tags than the engine takes", "split it or make it flatter"
    ),
    Code.OUTPUT_TOO_LARGE: _rule(
        ERROR, "the rendered sample is longer than the engine gives out", "loop over fewer items"
    ),
    Code.TEMPLATE_TIMEOUT: _rule(ERROR, "the sample takes too long to render", "loop over fewer items"),
    Code.TEMPLATE_BUDGET: _rule(
        ERROR, "the sample takes more steps or memory than a rendering has", "loop over fewer items"
    ),
    Code.TEMPLATE_VALUE: _rule(
        ERROR,
        "an expression fails with the sample's values",
        "give the sample values of the right type, or test the variable first",
    ),
    Code.UNDEFINED_VARIABLE: _rule(
        ERROR,
        "the sample lacks a variable that an expression cannot do without",
        "add it to the sample, or guard the place with {% if … %}",
    ),
    Code.NO_CONTENT: _rule(
        ERROR, "the template has content for no channel", "write the content of one channel at least"
    ),
    Code.FALLBACK_WITHOUT_CONTENT: _rule(
        ERROR,
        "the fallback chain names a channel that has no content",
        "write that channel's content or take it out of the chain",
    ),
    Code.SCHEMA_INVALID: _rule(
        ERROR,
        "the description of the variables is not a JSON Schema",
        "mend it; see https://json-schema.org/understanding-json-schema",
    ),
    Code.SAMPLE_INVALID: _rule(
        ERROR, "the sample does not fit the description of the variables", "change the sample or the schema"
    ),
    Code.VARIABLE_UNDECLARED: _rule(
        WARNING,
        "a variable is used that is neither declared nor a standard one",
        "declare it, or mend its name; it renders as nothing when it is not given",
    ),
    Code.VARIABLE_UNUSED: _rule(
        WARNING, "an optional variable is declared and used nowhere", "use it or take it out of the declaration"
    ),
    Code.VARIABLE_REQUIRED_UNUSED: _rule(
        ERROR, "a variable is required of every caller and used nowhere", "use it or take it out of the required ones"
    ),
    Code.LOCALE_UNKNOWN: _rule(ERROR, "there is no such locale", "write it as in sw, fr or pt-BR"),
    Code.LOCALE_NO_DEFAULT: _rule(
        WARNING,
        "a channel has translations and no default content",
        "write the default: whoever has another locale gets nothing",
    ),
    Code.LOCALE_MISSING: _rule(
        WARNING,
        "a locale that other channels have is missing here",
        "translate this channel too; until then its people get the default",
    ),
    Code.LOCALE_FIELD_MISSING: _rule(
        WARNING, "a translation lacks a field that the default has", "translate the field"
    ),
    Code.LOCALE_UNTRANSLATED: _rule(
        WARNING,
        "a translation says exactly what the default says",
        "translate it, or take the field out so that the default stands for it",
    ),
    Code.LOCALE_VARIABLES_DIFFER: _rule(
        WARNING,
        "a translation uses other variables than the default",
        "use the same ones, or make sure that it is meant",
    ),
    Code.LOCALE_STALE: _rule(
        WARNING, "the default was changed and its translation was not", "bring the translation up to date"
    ),
    Code.FIELD_EMPTY: _rule(
        ERROR, "a required field renders as nothing", "give it words that do not depend on optional variables"
    ),
    Code.FIELD_TOO_LONG: _rule(
        ERROR, "a field renders longer than the channel takes", "shorten it; | truncate(n) shortens a value"
    ),
    Code.FIELD_INVALID: _rule(
        ERROR, "a field renders as something the channel does not take", "write it as the message says"
    ),
    Code.HEADER_BREAK: _rule(ERROR, "a field of one line holds a line break", "write it in one line"),
    Code.DATA_TOO_LARGE: _rule(ERROR, "the data that travel with the text are too large", "send less, or a link"),
    Code.LEFTOVER_BRACES: _rule(
        ERROR, "braces of a template remain in the rendered text", "write {{ name }} with two braces on both sides"
    ),
    Code.LEFTOVER_PLACEHOLDER: _rule(
        WARNING, "a placeholder of a draft or of another system remains", "replace it by text or by {{ name }}"
    ),
    Code.LEFTOVER_VALUE: _rule(
        WARNING,
        "a missing value shows as a word of the program",
        "guard it: {% if name %}…{% endif %} or {{ name or '…' }}",
    ),
    Code.MARKUP_IN_TEXT: _rule(WARNING, "HTML in a text that is shown as it stands", "take the tags and entities out"),
    Code.SMS_UNICODE: _rule(
        WARNING,
        "one character makes the SMS carry 70 instead of 160 characters",
        "replace the character by one of the GSM alphabet",
    ),
    Code.SMS_SEGMENTS: _rule(
        WARNING, "the sample takes more than one SMS segment", "shorten it; each segment is billed"
    ),
    Code.SMS_WORST_CASE: _rule(
        NOTE,
        "with the longest values the SMS takes more segments than the sample",
        "lower maxLength in the schema, or shorten values by | truncate(n)",
    ),
    Code.SMS_UNLIMITED: _rule(
        NOTE,
        "a variable without a limit decides how long the SMS is",
        "give it maxLength (or enum) in the schema, or shorten it by | truncate(n)",
    ),
    Code.EMAIL_NO_TEXT: _rule(
        WARNING, "the email has no text alternative", "write the text part; what is derived from HTML reads worse"
    ),
    Code.SUBJECT_LONG: _rule(
        WARNING, "the subject is longer than mailboxes show", "put what matters into the first 40 characters"
    ),
    Code.SUBJECT_SHOUTING: _rule(
        WARNING, "the subject shouts, which spam filters count", "use small letters and one mark at most"
    ),
    Code.PREHEADER_MISSING: _rule(
        WARNING, "the email has no preheader", "write one; else the mailbox shows the first words of the body"
    ),
    Code.PREHEADER_LONG: _rule(WARNING, "the preheader is longer than mailboxes show", "shorten it"),
    Code.PREHEADER_REPEATS: _rule(
        WARNING, "the preheader repeats the subject", "say something that the subject does not"
    ),
    Code.EMAIL_CLIPPED: _rule(
        WARNING,
        "the HTML is so large that Gmail cuts it off, with the unsubscribe link",
        "take out styles, comments or items",
    ),
    Code.UNSUBSCRIBE_MISSING: _rule(
        ERROR, "a marketing email without an unsubscribe link", "link to {{ unsubscribe_url }} or {{ preferences_url }}"
    ),
    Code.HTML_HALF_OPEN: _rule(ERROR, "a tag begins and does not end", "close the tag with >"),
    Code.HTML_UNCLOSED: _rule(
        WARNING, "an element is opened and not closed, or closed and not opened", "add or remove the end tag"
    ),
    Code.HTML_UNSUPPORTED: _rule(
        WARNING, "an element that mail programs remove", "take it out; link to a page instead"
    ),
    Code.HTML_NO_LANG: _rule(
        WARNING, "the document does not say its language", 'write <html lang="{{ locale }}">: screen readers need it'
    ),
    Code.HTML_NO_TITLE: _rule(WARNING, "the document has no title", "add <title>: screen readers announce it"),
    Code.TABLE_NO_ROLE: _rule(
        WARNING, "a table for layout is read out as data", 'add role="presentation", or <th> where it is data'
    ),
    Code.IMAGE_NO_ALT: _rule(WARNING, "an image has no text alternative", 'add alt="…", or alt="" for decoration'),
    Code.IMAGE_NO_SOURCE: _rule(ERROR, "an image has no address", "give src an https address"),
    Code.CONTRAST_LOW: _rule(
        WARNING,
        "text and background are too alike (WCAG AA)",
        "make the text darker or its background lighter, or the other way round",
    ),
    Code.CONTRAST_LOW_DARK: _rule(
        WARNING,
        "in dark mode text and background are too alike (WCAG AA)",
        "set both colours in @media (prefers-color-scheme: dark)",
    ),
    Code.DARK_NO_SCHEME: _rule(
        WARNING,
        "the mail sets colours and does not say how it stands to dark mode",
        'add <meta name="color-scheme" content="light dark">',
    ),
    Code.DARK_FIXED_LIGHT: _rule(
        WARNING,
        "a light background stays light in dark mode",
        "give it a colour in @media (prefers-color-scheme: dark)",
    ),
    Code.DARK_BLACK_IMAGE: _rule(
        NOTE,
        "a dark image without background of its own vanishes in dark mode",
        "give it a light background or another image",
    ),
    Code.LINK_UNSAFE: _rule(ERROR, "a link with a scheme that is refused when sending", "use https, mailto or tel"),
    Code.LINK_BROKEN: _rule(ERROR, "an address that leads nowhere", "write it as https://host/path"),
    Code.LINK_RELATIVE: _rule(
        ERROR, "a link without a host, which works in no mail", "write the whole address: {{ app_url }}/path"
    ),
    Code.LINK_EMPTY: _rule(ERROR, "a link without an address", "give href an address, or take the link away"),
    Code.LINK_PLACEHOLDER: _rule(ERROR, "a link to #, which leads nowhere", "give href the real address"),
    Code.LINK_INSECURE: _rule(WARNING, "a link or image over plain http", "use https"),
    Code.LINK_LOCAL: _rule(WARNING, "an address that only this machine or network reaches", "use the public address"),
    Code.LINK_SHORTENED: _rule(
        WARNING, "a link shortener, which carriers and spam filters distrust", "use an address of your own"
    ),
    Code.LINK_NO_TEXT: _rule(WARNING, "a link without words", "write where it leads, or give its image an alt text"),
    Code.LINK_VAGUE: _rule(NOTE, "a link that does not say where it leads", 'name the target: "See your order"'),
    Code.PUSH_TITLE_LONG: _rule(
        WARNING, "the title is longer than telephones show", "put what matters into the first 40 characters"
    ),
    Code.PUSH_BODY_LONG: _rule(
        WARNING, "the text is longer than telephones show", "put what matters first and shorten it"
    ),
    Code.PUSH_PAYLOAD: _rule(ERROR, "text and data are larger than a push carries", "send less, or a link"),
    Code.CHAT_LONG: _rule(WARNING, "the text is longer than one block of Slack takes", "shorten it; link to the rest"),
    Code.CHAT_MARKDOWN: _rule(
        WARNING, "Markdown that Slack shows as it stands", "write *bold*, _italic_ and <https://…|text>"
    ),
    Code.CHAT_MENTION: _rule(
        WARNING, "it calls everybody in the channel", "take the mention out; it wakes everybody at every send"
    ),
}
