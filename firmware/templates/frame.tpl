<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
% if refresh_s:
<meta http-equiv="refresh" content="{{refresh_s}}">
% end
<title>{{title}} · Gatewright</title>
<link rel="icon" href="/host/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/host/host.css">
</head>
<body>
% if visitor:
<header class="top"><div class="top-in">
  <a class="brand" href="/"><svg viewBox="0 0 32 32" aria-hidden="true"><rect x="3" y="8" width="26" height="16" rx="4" fill="none" stroke="currentColor" stroke-width="2.5"/><path d="M8 19v-6M24 19v-6M11 16h10" stroke="currentColor" stroke-width="2.5" stroke-linecap="round"/></svg><span>Gatewright</span></a>
% if not visitor.must_change or not visitor.token:
  <nav class="menu" aria-label="Camera">
% if visitor.role == "admin":
    <a href="{{packages_page}}"{{!' aria-current="page"' if path == packages_page else ''}}>Package management</a>
    <a href="{{accounts_page}}"{{!' aria-current="page"' if path == accounts_page else ''}}>Accounts</a>
% end
    <a href="/anpr/">LPR portal</a>
  </nav>
% end
  <div class="who">
    <a href="/password" title="Change your password">{{visitor.name}}</a>
    <form method="post" action="/logout"><button class="quiet" type="submit">Log out</button></form>
  </div>
</div></header>
% end
<main>
{{!content}}
</main>
</body>
</html>
