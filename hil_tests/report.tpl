<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>Bench test: {{profile.title}}, {{facts.at.strftime("%Y-%m-%d")}}</title>
<!-- device key {{facts.key}} -->
<style>
/* DejaVu Sans, all that a bare Debian has, runs wider than the fonts before it: this much smaller it looks as large as they do. */
@font-face { font-family: "Even DejaVu"; src: local("DejaVu Sans"), local("DejaVuSans"); size-adjust: 93%; }
@font-face { font-family: "Even DejaVu"; font-weight: bold; src: local("DejaVu Sans Bold"), local("DejaVuSans-Bold"); size-adjust: 93%; }
@page { size: A4; margin: 9mm 10mm; }
* { box-sizing: border-box; }
:root { --ink: #141a21; --muted: #5a6572; --line: #dfe3e8; --accent: #0a6b74; --ok: #157347; --bad: #b3261e; --skip: #8a5a00; }
html { background: #e9ecef; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
body { width: 210mm; min-height: 297mm; margin: 16px auto; padding: 9mm 10mm; background: #fff; color: var(--ink);
  font: 7.1pt/9.1pt "Helvetica Neue", Arial, "Liberation Sans", "Noto Sans", "Even DejaVu", sans-serif; box-shadow: 0 2px 18px rgb(16 24 32 / 14%);
  display: flex; flex-direction: column; }
header { display: flex; align-items: center; gap: 12px; border-bottom: 2px solid var(--accent); padding-bottom: 7px; }
header svg { width: 30px; height: 30px; flex: none; }
h1 { font-size: 15pt; line-height: 1.15; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 8pt; margin: 9px 0 3px; text-transform: uppercase; letter-spacing: .06em; color: var(--accent); }
header p { margin: 1px 0 0; color: var(--muted); font-size: 8pt; line-height: 10.2pt; }
header > div { min-width: 0; }
.verdict { margin-left: auto; text-align: right; flex: none; }
.verdict b { display: inline-block; padding: 4px 14px; border-radius: 5px; color: #fff; font-size: 14pt; line-height: 18pt; letter-spacing: .04em; }
.verdict b.ok { background: var(--ok); } .verdict b.bad { background: var(--bad); }
.verdict span { display: block; margin-top: 3px; color: var(--muted); }
.sim { margin: 7px 0 0; padding: 4px 8px; border-radius: 4px; background: #fdf1d8; color: #6b4600; font-weight: 600; }
.top { display: flex; gap: 10px; align-items: flex-start; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr) max-content minmax(0, 1fr); gap: 1.5px 9px; margin: 8px 0 0; flex: 1; min-width: 0; }
dt { color: var(--muted); } dd { margin: 0; font-weight: 600; }
dd.wide { grid-column: 2 / -1; } dd.plain { font-weight: 400; } dd.whole { overflow-wrap: anywhere; }
.seen { flex: none; margin: 8px 0 0; width: 26mm; }
.seen img { width: 100%; max-height: 19.5mm; object-fit: contain; display: block; border: 1px solid var(--line); border-radius: 3px; }
.seen figcaption { color: var(--muted); font-size: 6.6pt; }
.wiring svg { width: 100%; height: auto; max-height: 30mm; font-family: inherit; display: block; background: #f7f8fa; border-radius: 6px; padding: 4px; }
.wiring p { margin: 2px 0 0; color: var(--muted); font-size: 6.8pt; }
/* One page whatever fonts the reader has: how wide a text runs differs between them, so heights hang on no text's width. What is one
line stays one, a row of the table has at most the lines that report.py gives it, and no second font in a line makes it higher. */
.one { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.most { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: var(--most); overflow: hidden; overflow-wrap: anywhere; }
.most *, code { line-height: 0; }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
td { padding: 1.8px 7px 1.8px 0; border-bottom: 1px solid var(--line); vertical-align: top; } td:last-child { padding-right: 0; }
td.sign { width: 12mm; font-weight: 700; white-space: nowrap; }
.sign svg { width: 6.5pt; height: 6.5pt; margin-right: 2.5pt; vertical-align: -.6pt; fill: none; stroke: currentColor; stroke-width: 1.8; }
.passed .sign { color: var(--ok); } .failed .sign { color: var(--bad); } .skipped .sign { color: var(--skip); }
td.what { width: 68mm; text-wrap: pretty; } td.what b { margin-right: 1.5pt; } td.what span { color: var(--muted); font-size: 6.5pt; }
td.through { width: 34mm; color: var(--muted); font-size: 6.8pt; } td.through b { color: var(--ink); }
.failed td.shown { color: var(--bad); font-weight: 600; } .skipped td.shown { color: var(--skip); }
tr { break-inside: avoid; }
.hands { margin-top: auto; padding-top: 6px; display: flex; gap: 14mm; }
.hands div { flex: 1; border-top: 1px solid var(--ink); margin-top: 7mm; padding-top: 2px; color: var(--muted); }
footer { margin-top: 7px; padding-top: 5px; border-top: 1px solid var(--line); color: var(--muted); font-size: 6.8pt; line-height: 9.5pt; }
code { font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .94em; color: var(--ink); overflow-wrap: anywhere; }
@media print { html { background: #fff; } body { width: auto; min-height: 276mm; margin: 0; padding: 0; box-shadow: none; } }
</style>
</head>
<body>
<header>
<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7" fill="#0a6b74"/><path d="M6 25V11h4v14zM10 13l17-6v3.6L10 16.4z" fill="#fff"/><rect x="14" y="19" width="13" height="6" rx="1.5" fill="none" stroke="#fff" stroke-width="1.6"/></svg>
<div><h1>Bench test report</h1><p class="one">Gatewright license plate camera · {{profile.title}} · {{facts.at.strftime("%Y-%m-%d %H:%M")}} UTC</p></div>
<div class="verdict"><b class="{{verdict[1]}}">{{verdict[0]}}</b><span>{{count["passed"]}} passed · {{count["failed"]}} failed · {{count["skipped"]}} skipped</span></div>
</header>
% if profile.simulated:
<p class="sim">Simulated board: this page shows the software on this computer. It says nothing about a board, a lens or a gate.</p>
% end
<div class="top">
<dl>
<dt>Customer</dt><dd class="one wide">{{names.customer}}</dd>
<dt>Site</dt><dd class="one wide">{{names.site}}</dd>
<dt>Technician</dt><dd class="one">{{names.technician}}</dd>
<dt>Software</dt><dd class="one">Gatewright {{facts.version}}</dd>
<dt>Board</dt><dd class="one">{{facts.model}}</dd>
<dt>Serial number</dt><dd class="whole">{{facts.serial}}</dd>
<dt>System</dt><dd class="one wide plain">{{facts.system}}</dd>
<dt>Package</dt><dd class="wide plain whole">SHA-256 <code>{{facts.package_sha256}}</code></dd>
</dl>
% if picture:
<figure class="seen"><img src="{{picture}}" alt="what the camera saw"><figcaption class="one">What the camera saw</figcaption></figure>
% end
</div>
<section class="wiring">
<h2>Wiring of the bench</h2>
{{!svg}}
</section>
<section>
<h2>What was shown</h2>
<table>
% signs = {"passed": ("M1 5.5 4 8.5 9 1.5", "pass"), "failed": ("M1.5 1.5l7 7m0-7-7 7", "fail"), "skipped": ("M1 5h8", "skip")}
% for result, shown, most in rows:
% path, word = signs[result.outcome]
<tr class="{{result.outcome}}" style="--most: {{most}}"><td class="sign"><svg viewBox="0 0 10 10" aria-hidden="true"><path d="{{path}}"/></svg>{{word}}</td>
<td class="what"><div class="most"><b>{{result.title}}</b> <span>{{result.proves}}</span></div></td>
<td class="shown"><div class="most">{{shown}}</div></td>
<td class="through"><div class="most">\\
% if result.kernel:
<b>{{", ".join(result.kernel)}}</b>{{"; " if result.through else ""}}\\
% end
{{", ".join(result.through)}}</div></td></tr>
% end
</table>
</section>
<div class="hands"><div>Technician, date</div><div>Customer, date</div></div>
<footer>
{{real}} of {{count["passed"]}} passed tests ran through a real driver of the kernel (bold in the last column); the others through what that column names.<br>
Signed by this device; key fingerprint <code>{{fingerprint}}</code><br>
Check that nothing was changed, with report.sig and report.pub in the same folder: <code>python -m hil_tests verify report.html</code>
</footer>
</body>
</html>
