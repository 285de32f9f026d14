% rebase('base', scripts=())
<div class="head"><h1>{{title}}</h1></div>
<div class="notice bad"><div>{{text}}</div><a class="btn" href="/anpr/">Back</a></div>
