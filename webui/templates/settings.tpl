% rebase('base', scripts=('settings',))
<div class="head"><div><h1>{{title}}</h1><p>↻ takes effect after Restart service.</p></div><button type="button" id="restart">Restart service</button></div>
<form id="settings" class="stack" data-path="{{path}}">
% for title, members in groups:
<section class="card"><header><h2>{{title}}</h2></header><div class="in fields">
% for f in members:
% include('field', f=f)
% end
</div></section>
% end
<div class="save-bar"><button type="submit">Save</button><button type="submit" class="primary" value="restart">Save and restart service</button></div>
</form>
