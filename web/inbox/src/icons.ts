// Line icons, drawn in the colour of the text.
import { svg, type TemplateResult } from "lit";

const icon = (paths: TemplateResult): TemplateResult =>
  svg`<svg viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">${paths}</svg>`;

export const bell = icon(svg`<path d="M6 9.5a6 6 0 0 1 12 0c0 5 2 6.5 2 6.5H4s2-1.5 2-6.5M10 19.5a2.2 2.2 0 0 0 4 0"/>`);
export const gear = icon(svg`<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>`);
export const back = icon(svg`<path d="M15 5l-7 7 7 7"/>`);
export const close = icon(svg`<path d="M6 6l12 12M18 6L6 18"/>`);
export const dots = icon(svg`<path d="M5.5 12h.01M12 12h.01M18.5 12h.01" stroke-width="3"/>`);
export const checks = icon(svg`<path d="M2.5 12.5l4.5 4.5L16 8M12.5 16l1 1L22 8.5"/>`);
export const done = icon(svg`<path d="M5 12.5l4.5 4.5L19 7.5"/>`);
export const clock = icon(svg`<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5V12l3 2"/>`);
export const box = icon(svg`<path d="M4 8h16v11H4zM3 4.5h18V8H3zM10 12h4"/>`);
export const mail = icon(svg`<rect x="3" y="5.5" width="18" height="13" rx="2.5"/><path d="M4 7.5l8 6 8-6"/>`);
export const trash = icon(svg`<path d="M4.5 7h15M10 7V4.5h4V7M6.5 7l1 12.5h9l1-12.5"/>`);
export const undo = icon(svg`<path d="M9 14L4.5 9.5 9 5M4.5 9.5H14a5.5 5.5 0 0 1 0 11h-3"/>`);
export const chevron = icon(svg`<path d="M6 9.5l6 6 6-6"/>`);
