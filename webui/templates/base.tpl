<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{title}} · {{device}}</title>
<link rel="icon" href="/anpr/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/anpr/static/portal.css">
% for name in ('portal', *get('scripts', ())):
<script type="module" src="/anpr/static/{{name}}.js"></script>
% end
</head>
<body>
<header class="top">
  <div class="top-in">
    <a class="brand" href="/anpr/"><svg viewBox="0 0 32 32" aria-hidden="true"><path fill="currentColor" d="M4 11a3 3 0 0 1 3-3h3a3 3 0 0 1 3 3v17H4z"/><path fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" d="M12 14 29 4"/></svg><span>{{device}}</span></a>
    <nav class="menu" aria-label="Tabs">
    % for each in tabs:
      <a href="/anpr/{{each.name}}"{{!' aria-current="page"' if each.name == tab else ''}}>{{each.title}}</a>
    % end
    </nav>
    <div class="who"><span>{{call.user}} <span class="role">· {{call.role}}</span></span><a href="/">Camera</a><form method="post" action="/logout"><button class="quiet">Log out</button></form></div>
  </div>
</header>
% if simulated:
<div class="strip" id="simulated"><span><strong>Simulated board.</strong> No real pins or gate are connected: what you see below is drawn.</span></div>
% end
<main>
% if restart_due and call.may('configure'):
<div class="notices"><div class="notice warn" id="restart-due"><div><strong>Restart service to put in force:</strong> {{', '.join(restart_due)}}</div>{{!'' if tab == 'lpr' else '<a class="btn" href="/anpr/lpr">LPR configuration</a>'}}</div></div>
% end
<div class="notices" id="notices" aria-live="polite"></div>
{{!base}}
</main>
</body>
</html>
