/** The report's style sheet: neutral, and dark where the reader's system is. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; --ink: #1f2328; --soft: #656d76; --page: #f6f7f8; --card: #fff; --line: #d8dde3;
  --pass: #1a7f4b; --fail: #c0362c; }
@media (prefers-color-scheme: dark) { :root { --ink: #d7dce2; --soft: #8d96a0; --page: #101318; --card: #181c22;
  --line: #2c323a; --pass: #3fb27f; --fail: #f0766a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "Liberation Sans",
  sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 20px 48px; }
header { display: flex; gap: 20px; align-items: center; }
h1 { font-size: 24px; line-height: 1.25; margin: 0; }
h2 { font-size: 17px; margin: 0 0 8px; }
.lead { margin: 2px 0 0; font-size: 17px; color: var(--soft); }
.verdict { margin: 0; padding: 10px 18px; border-radius: 8px; color: #fff; font-weight: 700; font-size: 22px;
  letter-spacing: 0.04em; }
.verdict.pass { background: #1a7f4b; }
.verdict.fail { background: #c0362c; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(200px, 45%), 1fr)); gap: 10px 24px; margin: 22px 0; }
dt { color: var(--soft); font-size: 13px; }
dd { margin: 0; overflow-wrap: anywhere; }
section, figure { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px 18px;
  margin: 0 0 16px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(460px, 100%), 1fr)); gap: 16px;
  margin-bottom: 16px; }
figure { margin: 0; }
figcaption { font-weight: 600; margin-bottom: 8px; }
svg { display: block; width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 5px 10px 5px 0; border-top: 1px solid var(--line); vertical-align: top; }
thead th { border-top: 0; color: var(--soft); font-size: 13px; font-weight: 500; }
tbody th { font-weight: 600; }
.figure { text-align: right; font-variant-numeric: tabular-nums; padding-right: 24px; white-space: nowrap; }
code { font: 13px ui-monospace, "Liberation Mono", monospace; }
.mark { font-weight: 600; }
.mark.pass { color: var(--pass); }
.mark.fail, .broken .figure { color: var(--fail); font-weight: 600; }
@media (max-width: 700px) { .figure { white-space: normal; padding-right: 10px; } main { padding: 16px 10px; } }
.note { color: var(--soft); font-size: 13px; margin: 10px 0 0; }
`;
