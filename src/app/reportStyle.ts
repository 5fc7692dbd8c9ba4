/** How the HTML report looks: light and dark, on paper everything unfolded. */
import { Html } from "./html.ts";

export const reportStyle = new Html(`
:root { color-scheme: light dark; --text: #1c2024; --dim: #60646c; --line: #d9d9e0; --back: #fff; --soft: #f4f4f7;
  --good: #18794e; --bad: #c62a2f; --open: #946800; }
@media (prefers-color-scheme: dark) { :root { --text: #edeef0; --dim: #b0b4ba; --line: #363a3f; --back: #111113;
  --soft: #1b1b1f; --good: #4cc38a; --bad: #ff6369; --open: #f1a10d; } }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0.4rem 0; } h2 { font-size: 1.15rem; margin: 2rem 0 0.6rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.2rem 1rem; } dt { color: var(--dim); } dd { margin: 0; }
code, pre { font: 0.86em/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { background: var(--soft); padding: 0.8rem; overflow-x: auto; white-space: pre-wrap; border-radius: 6px; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.6rem; border-bottom: 1px solid var(--line); }
details { border: 1px solid var(--line); border-radius: 6px; padding: 0.5rem 0.8rem; margin: 0.5rem 0; }
summary { cursor: pointer; } .evidence { background: var(--soft); }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 1rem; padding: 0 0.6rem; margin: 0;
  font-size: 0.85rem; font-weight: 600; }
.proven { color: var(--good); } .refuted { color: var(--bad); } .unverified { color: var(--open); } .plain { color: var(--dim); }
.warning { border-left: 4px solid var(--open); padding-left: 1rem; }
.digest { color: var(--dim); font-size: 0.8rem; overflow-wrap: anywhere; margin: 0.2rem 0; } .names { columns: 18rem; }
@media print { body { font-size: 11px; } details { break-inside: avoid; } a { color: inherit; }
  details::details-content { content-visibility: visible; block-size: auto; } }
`);
