<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>Bench test: {{profile.title}}, {{facts.at.strftime("%Y-%m-%d")}}</title>
<!-- device key {{facts.key}} -->
<style>
@page { size: A4; margin: 9mm 10mm; }
* { box-sizing: border-box; }
:root { --ink: #141a21; --muted: #5a6572; --line: #dfe3e8; --accent: #0a6b74; --ok: #157347; --bad: #b3261e; --skip: #8a5a00; }
html { background: #e9ecef; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
body { width: 210mm; min-height: 297mm; margin: 16px auto; padding: 9mm 10mm; background: #fff; color: var(--ink);
  font: 7.1pt/1.28 "Helvetica Neue", Arial, "Liberation Sans", "DejaVu Sans", sans-serif; box-shadow: 0 2px 18px rgb(16 24 32 / 14%);
  display: flex; flex-direction: column; }
header { display: flex; align-items: center; gap: 12px; border-bottom: 2px solid var(--accent); padding-bottom: 7px; }
header svg { width: 30px; height: 30px; flex: none; }
h1 { font-size: 15pt; line-height: 1.15; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 8pt; margin: 9px 0 3px; text-transform: uppercase; letter-spacing: .06em; color: var(--accent); }
header p { margin: 1px 0 0; color: var(--muted); font-size: 8pt; }
.verdict { margin-left: auto; text-align: right; }
.verdict b { display: inline-block; padding: 4px 14px; border-radius: 5px; color: #fff; font-size: 14pt; letter-spacing: .04em; }
.verdict b.ok { background: var(--ok); } .verdict b.bad { background: var(--bad); }
.verdict span { display: block; margin-top: 3px; color: var(--muted); }
.sim { margin: 7px 0 0; padding: 4px 8px; border-radius: 4px; background: #fdf1d8; color: #6b4600; font-weight: 600; }
.top { display: flex; gap: 10px; align-items: flex-start; }
dl { display: grid; grid-template-columns: max-content 1fr max-content 1fr; gap: 1.5px 9px; margin: 8px 0 0; flex: 1; }
dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; font-weight: 600; }
dd.wide { grid-column: 2 / -1; font-weight: 400; }
.seen { flex: none; margin: 8px 0 0; width: 31mm; } .seen img { width: 100%; display: block; border: 1px solid var(--line); border-radius: 3px; }
.seen figcaption { color: var(--muted); font-size: 6.6pt; }
.wiring svg { width: 100%; height: auto; max-height: 44mm; display: block; background: #f7f8fa; border-radius: 6px; padding: 4px; }
.wiring p { margin: 2px 0 0; color: var(--muted); font-size: 6.8pt; }
table { width: 100%; border-collapse: collapse; }
td { padding: 1.8px 6px 1.8px 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
td.sign { width: 13mm; font-weight: 700; white-space: nowrap; }
.passed .sign { color: var(--ok); } .failed .sign { color: var(--bad); } .skipped .sign { color: var(--skip); }
td.what { width: 66mm; } td.what b { display: block; } td.what span { color: var(--muted); font-size: 6.3pt; line-height: 1.2; display: block; }
td.through { width: 31mm; color: var(--muted); font-size: 6.8pt; } td.through b { color: var(--ink); }
.failed td.shown { color: var(--bad); font-weight: 600; } .skipped td.shown { color: var(--skip); }
tr { break-inside: avoid; }
.hands { margin-top: auto; padding-top: 6px; display: flex; gap: 14mm; }
.hands div { flex: 1; border-top: 1px solid var(--ink); margin-top: 7mm; padding-top: 2px; color: var(--muted); }
footer { margin-top: 7px; padding-top: 5px; border-top: 1px solid var(--line); color: var(--muted); font-size: 6.8pt; line-height: 1.4; }
code { font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .94em; color: var(--ink); overflow-wrap: anywhere; }
@media print { html { background: #fff; } body { width: auto; min-height: 276mm; margin: 0; padding: 0; box-shadow: none; } }
</style>
</head>
<body>
<header>
<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7" fill="#0a6b74"/><path d="M6 25V11h4v14zM10 13l17-6v3.6L10 16.4z" fill="#fff"/><rect x="14" y="19" width="13" height="6" rx="1.5" fill="none" stroke="#fff" stroke-width="1.6"/></svg>
<div><h1>Bench test report</h1><p>Gatewright license plate camera · {{profile.title}} · {{facts.at.strftime("%Y-%m-%d %H:%M")}} UTC</p></div>
<div class="verdict"><b class="{{verdict[1]}}">{{verdict[0]}}</b><span>{{count["passed"]}} passed · {{count["failed"]}} failed · {{count["skipped"]}} skipped</span></div>
</header>
% if profile.simulated:
<p class="sim">Simulated board: this page shows the software on this computer. It says nothing about a board, a lens or a gate.</p>
% end
<div class="top">
<dl>
% for label, value in people:
<dt>{{label}}</dt><dd>{{value or "–"}}</dd>
% end
<dt>Serial number</dt><dd>{{facts.serial}}</dd>
<dt>Board</dt><dd>{{facts.model}}</dd>
<dt>Software</dt><dd>Gatewright {{facts.version}}</dd>
<dt>System</dt><dd class="wide">{{facts.system}}</dd>
<dt>Package</dt><dd class="wide">SHA-256 <code>{{facts.package_sha256}}</code></dd>
</dl>
% if picture:
<figure class="seen"><img src="{{picture}}" alt="what the camera saw"><figcaption>What the camera saw</figcaption></figure>
% end
</div>
<section class="wiring">
<h2>Wiring of the bench</h2>
{{!svg}}
</section>
<section>
<h2>What was shown</h2>
<table>
% for result, reason, figures in rows:
<tr class="{{result.outcome}}"><td class="sign">{{{"passed": "✓ pass", "failed": "✗ fail", "skipped": "– skip"}[result.outcome]}}</td>
<td class="what"><b>{{result.title}}</b><span>{{result.proves}}</span></td>
<td class="shown">{{reason or figures}}</td>
<td class="through">\\
% if result.kernel:
<b>{{", ".join(result.kernel)}}</b>{{"; " if result.through else ""}}\\
% end
{{", ".join(result.through)}}</td></tr>
% end
</table>
</section>
<div class="hands"><div>Technician, date</div><div>Customer, date</div></div>
<footer>
{{real}} of {{count["passed"]}} passed tests ran through a real driver of the kernel (bold in the last column); the others ran through what the last column names.<br>
Signed by this device; key fingerprint <code>{{fingerprint}}</code><br>
Check that nothing was changed, with report.sig and report.pub in the same folder: <code>python -m hil_tests verify report.html</code>
</footer>
</body>
</html>
