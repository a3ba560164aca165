// The console's editor and its view of differences: CodeMirror 6 behind four small functions, so that the pages
// themselves stay plain modules without a build. What the pages do is in src/clarion/surfaces/console/static.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { html } from "@codemirror/lang-html";
import { closePercentBrace, jinja } from "@codemirror/lang-jinja";
import { json } from "@codemirror/lang-json";
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { tags as t } from "@lezer/highlight";

// Colours are the page's (light and dark are its business); here only what takes which.
const colours = HighlightStyle.define([
  { tag: [t.keyword, t.controlKeyword, t.operatorKeyword, t.definitionKeyword], color: "var(--code-keyword)" },
  { tag: [t.variableName, t.propertyName, t.special(t.variableName)], color: "var(--code-name)" },
  { tag: [t.tagName, t.angleBracket], color: "var(--code-tag)" },
  { tag: [t.attributeName], color: "var(--code-attribute)" },
  { tag: [t.string, t.attributeValue, t.special(t.string)], color: "var(--code-string)" },
  { tag: [t.number, t.bool, t.null, t.atom, t.literal], color: "var(--code-number)" },
  { tag: [t.comment, t.blockComment, t.lineComment], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [t.brace, t.bracket, t.paren, t.punctuation, t.separator], color: "var(--code-soft)" },
  { tag: [t.function(t.variableName), t.function(t.propertyName)], color: "var(--code-filter)" },
  { tag: t.invalid, color: "var(--bad)" },
]);

const look = EditorView.theme({
  "&": { backgroundColor: "var(--field)", color: "var(--ink)", fontSize: "13px", height: "100%" },
  "&.cm-focused": { outline: "none" },
  ".cm-content": { fontFamily: "var(--mono)", caretColor: "var(--ink)", padding: "8px 0" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", overflow: "auto" },
  ".cm-gutters": { backgroundColor: "var(--field)", color: "var(--soft)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--active)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "var(--selected) !important" },
  ".cm-panels": { backgroundColor: "var(--paper)", color: "var(--ink)" },
  ".cm-tooltip": { backgroundColor: "var(--paper)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: "8px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--primary)", color: "#fff" },
  "&.cm-merge-a .cm-changedLine, .cm-deletedChunk .cm-deletedLine": { backgroundColor: "var(--gone) !important" },
  "&.cm-merge-b .cm-changedLine, .cm-insertedLine": { backgroundColor: "var(--changed) !important" },
  ".cm-deletedChunk": { backgroundColor: "var(--gone)" },
});

function language(kind, words) {
  if (kind === "json") return [json()];
  const known = { variables: words.variables, properties: words.properties, tags: words.tags };
  return [kind === "html" ? jinja({ ...known, base: html() }) : jinja(known), closePercentBrace];
}

function shared(kind, words, nonce) {
  return [
    EditorView.cspNonce.of(nonce),
    look,
    syntaxHighlighting(colours),
    language(kind, words),
    indentUnit.of("  "),
    EditorView.lineWrapping,
  ];
}

/** An editor in `parent`. Tab leaves it (the keyboard is never caught); Ctrl-] and Ctrl-[ indent. */
export function makeEditor({ parent, text, kind, label, describedBy, nonce, words = {}, readOnly = false, onChange }) {
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        lintGutter(),
        highlightSpecialChars(),
        history(),
        drawSelection(),
        bracketMatching(),
        closeBrackets(),
        autocompletion(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        highlightSelectionMatches(),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap]),
        EditorState.readOnly.of(readOnly),
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", ...(describedBy ? { "aria-describedby": describedBy } : {}) }),
        EditorView.updateListener.of((update) => update.docChanged && onChange && onChange(update.state.doc.toString())),
        shared(kind, words, nonce),
      ],
    }),
  });
  return {
    view,
    text: () => view.state.doc.toString(),
    replace(next) {
      if (next !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
    },
    insert(piece) {
      view.dispatch(view.state.replaceSelection(piece));
      view.focus();
    },
    /** Marks findings `{line, column, severity, message}`; lines count from 1. */
    mark(findings) {
      const { doc } = view.state;
      const marks = findings
        .filter((each) => each.line >= 1 && each.line <= doc.lines)
        .map((each) => {
          const line = doc.line(each.line);
          const from = Math.min(line.to, line.from + Math.max(0, (each.column || 1) - 1));
          return { from, to: line.to, severity: each.severity, message: each.message };
        });
      view.dispatch(setDiagnostics(view.state, marks));
    },
    goTo(number, column = 1) {
      const line = view.state.doc.line(Math.max(1, Math.min(number, view.state.doc.lines)));
      const at = Math.min(line.to, line.from + Math.max(0, column - 1));
      view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
      view.focus();
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

/** Two texts and what differs: side by side, or one below the other where `wide` is false. */
export function showDifference({ parent, before, after, kind, nonce, wide = true, labels = ["Before", "After"] }) {
  const reading = (label) => [
    lineNumbers(),
    EditorState.readOnly.of(true),
    EditorView.contentAttributes.of({ "aria-label": label, "aria-readonly": "true" }),
    shared(kind, {}, nonce),
  ];
  const collapseUnchanged = { margin: 3, minSize: 6 };
  if (wide) {
    return new MergeView({ parent, a: { doc: before, extensions: reading(labels[0]) }, b: { doc: after, extensions: reading(labels[1]) }, collapseUnchanged, gutter: true });
  }
  return new EditorView({ parent, doc: after, extensions: [reading(labels[1]), unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged })] });
}
