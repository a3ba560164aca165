// The look: neutral, light and dark, left to right and right to left. Pages change the custom properties, or the parts.
import { css } from "lit";

export const style = css`
  :host {
    --_accent: var(--clarion-accent, #4f46e5);
    --_accent-ink: var(--clarion-accent-ink, #fff);
    --_paper: var(--clarion-paper, #fff);
    --_raised: var(--clarion-raised, #f5f6f9);
    --_ink: var(--clarion-ink, #1b2030);
    --_soft: var(--clarion-soft, #596176);
    --_line: var(--clarion-line, #e2e5ec);
    --_new: var(--clarion-new, #f3f2fe);
    --_bad: var(--clarion-bad, #b42318);
    --_radius: var(--clarion-radius, 12px);
    --_shadow: var(--clarion-shadow, 0 12px 40px rgb(16 20 40 / 18%), 0 2px 8px rgb(16 20 40 / 10%));
    display: inline-block;
    position: relative;
    color: var(--_ink);
    font: var(--clarion-font, 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif);
    text-align: start;
    color-scheme: light;
  }
  :host([mode="inline"]) { display: block; }
  :host([hidden]) { display: none; }
  :host([data-dark]) {
    --_accent: var(--clarion-accent, #a5a0ff);
    --_accent-ink: var(--clarion-accent-ink, #15123a);
    --_paper: var(--clarion-paper, #181b24);
    --_raised: var(--clarion-raised, #222634);
    --_ink: var(--clarion-ink, #e8eaf1);
    --_soft: var(--clarion-soft, #a3abbd);
    --_line: var(--clarion-line, #2f3443);
    --_new: var(--clarion-new, #21213a);
    --_bad: var(--clarion-bad, #ff8a80);
    --_shadow: var(--clarion-shadow, 0 12px 40px rgb(0 0 0 / 55%));
    color-scheme: dark;
  }
  * { box-sizing: border-box; }
  [hidden] { display: none !important; }
  svg { width: 20px; height: 20px; display: block; flex: none; }
  h2, h3, p { margin: 0; font: inherit; }
  button { font: inherit; color: inherit; background: none; border: 0; padding: 0; margin: 0; cursor: pointer; text-align: start; border-radius: 8px; }
  button:disabled { cursor: default; opacity: .55; }
  a { color: inherit; text-decoration: none; }
  :focus { outline: none; }
  :focus-visible { outline: 2px solid var(--_accent); outline-offset: -2px; border-radius: 8px; }
  .icon { display: inline-grid; place-items: center; width: 34px; height: 34px; color: var(--_soft); }
  .icon:hover { background: var(--_raised); color: var(--_ink); }
  [dir="rtl"] .flip svg { transform: scaleX(-1); }
  .hush { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

  .bell { position: relative; display: inline-grid; place-items: center; width: 42px; height: 42px; border-radius: 50%; color: inherit; }
  .bell svg { width: 24px; height: 24px; }
  .bell:hover { background: color-mix(in srgb, currentColor 9%, transparent); }
  .badge {
    position: absolute; inset-block-start: 1px; inset-inline-end: 0; min-width: 19px; height: 19px; padding: 0 5px; border-radius: 10px;
    font-size: 11px; font-weight: 700; line-height: 19px; text-align: center; font-variant-numeric: tabular-nums;
    background: var(--clarion-badge, #d92d20); color: var(--clarion-badge-ink, #fff); box-shadow: 0 0 0 2px var(--_paper);
  }
  .badge.quiet { background: var(--clarion-badge-quiet, #5b6478); color: #fff; }

  .panel { background: var(--_paper); color: var(--_ink); display: flex; flex-direction: column; overflow: hidden; border: 1px solid var(--_line); border-radius: var(--_radius); }
  .panel[popover] {
    position: fixed; inset: auto; margin: 0; padding: 0; width: min(400px, calc(100vw - 16px)); height: min(600px, calc(100dvh - 80px));
    inset-block-start: var(--_top, 60px); left: var(--_left, 8px); box-shadow: var(--_shadow);
  }
  .panel[popover]:not(:popover-open) { display: none; }
  :host([mode="inline"]) .panel { height: var(--clarion-height, 560px); }
  header { display: flex; align-items: center; gap: 2px; padding: 12px 10px 6px 16px; padding-inline: 16px 10px; }
  header h2 { flex: 1; font-size: 17px; font-weight: 650; letter-spacing: -.01em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
  .tabs { display: flex; gap: 4px; padding: 2px 12px 10px; border-block-end: 1px solid var(--_line); overflow-x: auto; scrollbar-width: none; }
  .tabs button { display: inline-flex; align-items: center; padding: 5px 11px; border-radius: 16px; color: var(--_soft); font-size: 13px; font-weight: 550; white-space: nowrap; }
  .tabs button:hover { background: var(--_raised); }
  .tabs [aria-selected="true"] { background: var(--_new); color: var(--_ink); box-shadow: inset 0 0 0 1px color-mix(in srgb, var(--_accent) 35%, transparent); }
  .note { display: flex; align-items: center; gap: 8px; padding: 7px 16px; font-size: 12.5px; color: var(--_soft); background: var(--_raised); border-block-end: 1px solid var(--_line); }
  .note.bad { color: var(--_bad); }
  .note button { color: var(--_ink); text-decoration: underline; font-weight: 600; margin-inline-start: auto; }
  .scroll { flex: 1; overflow-y: auto; overscroll-behavior: contain; position: relative; }

  .item { position: relative; display: grid; grid-template-columns: 1fr auto; padding: 12px 8px 12px 30px; padding-inline: 30px 8px; border-block-end: 1px solid var(--_line); cursor: default; }
  .item.opens { cursor: pointer; }
  .item:hover { background: var(--_raised); }
  .item.unread { background: var(--_new); }
  .item.unread::before {
    content: ""; position: absolute; inset-inline-start: 13px; inset-block-start: 19px; width: 8px; height: 8px; border-radius: 50%; background: var(--_accent);
  }
  .item.under { padding-inline-start: 44px; }
  .item.under.unread::before { inset-inline-start: 28px; }
  .item h3 { font-weight: 450; overflow-wrap: anywhere; }
  .item.unread h3 { font-weight: 650; }
  .item h3 a:hover { text-decoration: underline; }
  .text { color: var(--_soft); overflow-wrap: anywhere; white-space: pre-line; margin-block-start: 2px; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; }
  .text, .toast h3 { text-align: match-parent; }
  .meta { display: flex; flex-wrap: wrap; gap: 2px 8px; margin-block-start: 4px; color: var(--_soft); font-size: 12px; }
  .urgent { color: var(--_bad); font-weight: 650; }
  .actions { display: flex; flex-wrap: wrap; gap: 8px; margin-block-start: 9px; }
  .actions button { display: inline-flex; align-items: center; padding: 5px 13px; border: 1px solid var(--_line); background: var(--_paper); font-size: 13px; font-weight: 600; max-width: 100%; overflow-wrap: anywhere; }
  .actions button.first { background: var(--_accent); border-color: var(--_accent); color: var(--_accent-ink); }
  .actions button:focus-visible, .wide:focus-visible, .switch:focus-visible { outline-offset: 2px; }
  .acted { display: inline-flex; align-items: center; gap: 5px; color: var(--_soft); font-size: 12.5px; font-weight: 600; }
  .acted svg { width: 16px; height: 16px; }
  .side { display: flex; align-items: start; margin-block-start: -5px; }
  .group { grid-column: 1 / -1; justify-self: start; display: flex; align-items: center; gap: 4px; margin-block-start: 8px; padding: 3px 10px 3px 6px; padding-inline: 6px 10px; color: var(--_soft); font-size: 12.5px; font-weight: 600; border: 1px solid var(--_line); border-radius: 14px; background: var(--_paper); }
  .group:hover { color: var(--_ink); }
  .group svg { width: 16px; height: 16px; }
  .group[aria-expanded="true"] svg { transform: rotate(180deg); }
  .empty { display: grid; justify-items: center; gap: 6px; padding: 64px 24px; text-align: center; color: var(--_soft); }
  .empty svg { width: 40px; height: 40px; stroke-width: 1.2; opacity: .6; margin-block-end: 6px; }
  .empty strong { color: var(--_ink); font-weight: 600; }
  .foot { overflow-anchor: none; display: grid; place-items: center; min-height: 46px; color: var(--_soft); font-size: 13px; }
  .wide { padding: 7px 14px; border: 1px solid var(--_line); font-weight: 600; font-size: 13px; white-space: nowrap; }
  .wide:hover { background: var(--_raised); }

  .menu { position: fixed; inset: auto; margin: 0; padding: 5px; top: var(--_menu-top, 0); left: var(--_menu-left, 0); min-width: 210px; max-width: min(320px, calc(100vw - 16px)); background: var(--_paper); color: var(--_ink); border: 1px solid var(--_line); border-radius: 10px; box-shadow: var(--_shadow); }
  .menu button { display: flex; align-items: center; gap: 10px; width: 100%; padding: 8px 10px; }
  .menu button:hover, .menu button:focus { background: var(--_raised); }
  .menu svg { width: 18px; height: 18px; color: var(--_soft); }
  .menu hr { border: 0; border-block-start: 1px solid var(--_line); margin: 5px 0; }

  .settings { padding: 4px 16px 20px; }
  .settings h3 { font-size: 12.5px; font-weight: 650; color: var(--_soft); margin: 18px 0 4px; }
  .row { display: flex; align-items: center; gap: 12px; padding: 8px 0; }
  .row > span { flex: 1; min-width: 0; overflow-wrap: anywhere; }
  .row small, details small { display: block; color: var(--_soft); font-size: 12.5px; }
  details { border-block-end: 1px solid var(--_line); }
  details[open] { padding-block-end: 8px; }
  details:last-child { border: 0; }
  summary { padding: 10px 0; cursor: pointer; font-weight: 550; }
  details .row { padding-inline-start: 16px; }
  .switch { position: relative; flex: none; width: 40px; height: 24px; border-radius: 12px; background: var(--clarion-switch-off, #7d8598); transition: background .15s; }
  .switch::after { content: ""; position: absolute; inset-block-start: 3px; inset-inline-start: 3px; width: 18px; height: 18px; border-radius: 50%; background: #fff; transition: inset-inline-start .15s; }
  .switch[aria-checked="true"] { background: var(--_accent); }
  .switch[aria-checked="true"]::after { inset-inline-start: 19px; background: var(--_accent-ink); }

  .toasts { position: fixed; z-index: 2147483000; inset-block-end: 16px; inset-inline-end: 16px; display: grid; gap: 10px; width: min(360px, calc(100vw - 32px)); }
  .toast { display: grid; grid-template-columns: 1fr auto; gap: 4px; padding: 12px 8px 12px 16px; padding-inline: 16px 8px; background: var(--_paper); color: var(--_ink); border: 1px solid var(--_line); border-inline-start: 4px solid var(--_accent); border-radius: 10px; box-shadow: var(--_shadow); animation: rise .2s ease-out; }
  .toast h3 { font-weight: 650; overflow-wrap: anywhere; }
  .toast .text { -webkit-line-clamp: 2; }
  .toast .say { display: block; width: 100%; }
  @keyframes rise { from { transform: translateY(12px); opacity: 0; } }
  @media (max-width: 480px) {
    .panel[popover] { left: 0; inset-block: auto 0; width: 100vw; max-width: 100vw; height: min(86dvh, 100dvh); border-radius: var(--_radius) var(--_radius) 0 0; border-inline: 0; border-block-end: 0; padding-block-end: env(safe-area-inset-bottom); }
    .icon { width: 42px; height: 42px; }
    .menu button { padding: 11px 12px; }
    .actions button { padding: 8px 16px; }
    .tabs button { padding: 8px 13px; }
  }
  @media (prefers-reduced-motion: reduce) {
    * { animation: none !important; transition: none !important; scroll-behavior: auto !important; }
  }
  @media (forced-colors: active) {
    .switch { border: 1px solid; }
    .item.unread::before { background: Highlight; forced-color-adjust: none; }
  }
`;
