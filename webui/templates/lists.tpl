% rebase('base', scripts=('lists',))
<div class="head"><h1>Lists</h1><button type="button" id="add-list">Add list</button></div>
<div class="lists" id="lists" data-list="{{chosen.id}}">
  <nav class="card side" aria-label="Lists"><ul>
  % for each in lists:
    <li><a href="/anpr/lists/{{each.id}}"{{!' aria-current="page"' if each.id == chosen.id else ''}}><span>{{each.name}}</span>\\
% if each.role not in ('all', 'unlisted'):
<span class="badge nums">{{counts[each.id]}}</span>\\
% end
</a></li>
  % end
  </ul></nav>
  <div class="stack">
    <section class="card">
      <header>
        <div class="row"><h2>{{chosen.name}}</h2><span class="badge{{' ok' if chosen.role == 'white' else ' bad' if chosen.role == 'black' else ''}}">{{role_title}}</span></div>
        <div class="row">
          <button type="button" class="quiet" id="edit-list">Edit list</button>
          % if not fixed:
          <button type="button" class="quiet danger" id="delete-list" data-name="{{chosen.name}}">Delete list</button>
          % end
        </div>
      </header>
      % if not fixed:
      <nav class="menu" aria-label="Parts of the list">
        <a href="/anpr/lists/{{chosen.id}}"{{!' aria-current="page"' if view == 'plates' else ''}}>Plates ({{counts[chosen.id]}})</a>
        <a href="/anpr/lists/{{chosen.id}}?view=actions"{{!' aria-current="page"' if view == 'actions' else ''}}>Actions ({{len(rules)}})</a>
      </nav>
      % end
    </section>
    % if view == 'plates':
    <section class="card">
      <header>
        <form class="row searchbox" method="get" action="/anpr/lists/{{chosen.id}}" role="search"><input type="search" name="search" value="{{search}}" placeholder="Search plate or description" aria-label="Search plate or description"></form>
        <button type="button" class="primary" id="add-entry">Add plate</button>
      </header>
      % if entries:
      <div class="scroll"><table class="fold" id="entries">
        <thead><tr><th>Plate</th><th>Description</th><th>Valid</th><th>Wiegand number</th><th></th></tr></thead>
        <tbody>
        % for e in entries:
        <tr data-id="{{e['id']}}" data-plate="{{e['plate']}}" data-description="{{e['description']}}" data-valid_from="{{e['valid_from']}}" data-valid_until="{{e['valid_until']}}" data-wiegand_facility="{{'' if e['wiegand_facility'] is None else e['wiegand_facility']}}" data-wiegand_card="{{'' if e['wiegand_card'] is None else e['wiegand_card']}}">
          <td data-name="Plate" class="plate-cell"><span class="plate">{{e['plate']}}</span></td>
          <td data-name="Description">{{e['description']}}</td>
          <td data-name="Valid" class="small nums">\\
% if e['validity'] != 'valid':
<span class="badge warn">{{e['validity']}}</span> \\
% end
% if e['valid_from'] or e['valid_until']:
{{e['valid_from'].replace('T', ' ') or 'always'}} – {{e['valid_until'].replace('T', ' ') or 'no end'}}\\
% else:
always\\
% end
</td>
          <td data-name="Wiegand number"><span class="row"><span class="mono nowrap">{{e['number']}}</span><span class="badge bad" data-collision="{{e['number']}}" hidden>collides</span></span></td>
          <td class="right nowrap"><button type="button" class="quiet" data-do="edit">Edit</button><button type="button" class="quiet danger" data-do="delete">Delete</button></td>
        </tr>
        % end
        </tbody>
      </table></div>
      % else:
      <p class="empty">{{'No plate matches "%s".' % search if search else 'No plates yet. Add the first one.'}}</p>
      % end
    </section>
    % if last > 1:
    <nav class="pages" aria-label="Pages">
      % for n in sorted({1, last, *range(max(1, page - 2), min(last, page + 2) + 1)}):
      <a href="?page={{n}}&amp;search={{search_query}}"{{!' aria-current="page"' if n == page else ''}}>{{n}}</a>
      % end
      <span class="muted small">{{found}} plates</span>
    </nav>
    % end
    % else:
    <section class="card">
      <header><h2>Actions</h2><button type="button" class="primary" id="add-action">Add action</button></header>
      % for rule in rules:
      <article class="action" data-rule="{{rule['id']}}">
        <div class="spread">
          <div class="what"><span>{{rule['name']}}</span><span class="badge accent">{{rule['label']}}</span>\\
% if not rule['enabled']:
<span class="badge warn">disabled</span>\\
% end
% if not rule['always']:
<span class="badge">weekly schedule</span>\\
% end
</div>
          <div class="row"><label class="switch"><input type="checkbox" role="switch" data-do="enable" aria-label="Enabled"{{' checked' if rule['enabled'] else ''}}></label><a class="btn quiet" href="/anpr/actions/{{rule['id']}}">Edit</a><button type="button" class="quiet danger" data-do="delete-rule" data-name="{{rule['name']}}">Delete</button></div>
        </div>
        % if rule['done_at']:
        <p class="small muted nums">Last success {{rule['done_at']}} · {{rule['done_note']}}</p>
        % end
        % if rule['error_at']:
        <p class="small nums {{'bad' if rule['failing'] else 'muted'}}">Last error {{rule['error_at']}} · {{rule['error']}}</p>
        % end
        % if not rule['done_at'] and not rule['error_at']:
        <p class="small muted">Not carried out yet.</p>
        % end
      </article>
      % end
      % if not rules:
      <p class="empty">No action yet: a car of this list is recorded and nothing else happens.</p>
      % end
      % if sum(1 for rule in rules if rule['enabled']) > 4:
      <p class="in small muted">Up to 4 enabled actions at the same time are recommended.</p>
      % end
    </section>
    % end
  </div>
</div>
<dialog id="list-dialog"><form><header><h2></h2></header><div class="in"><div class="notices"></div>
% for f in (new_list_form):
% include('field', f=f)
% end
</div><footer><button type="button" data-close>Cancel</button><button type="submit" class="primary">Save</button></footer></form></dialog>
<dialog id="rename-dialog"><form><header><h2>Change list</h2></header><div class="in"><div class="notices"></div>
% for f in list_form:
% include('field', f=f)
% end
</div><footer><button type="button" data-close>Cancel</button><button type="submit" class="primary">Save</button></footer></form></dialog>
<dialog id="entry-dialog"><form><header><h2></h2></header><div class="in"><div class="notices"></div><div class="fields">
% for f in entry_form:
% include('field', f=f)
% end
</div></div><footer><button type="button" data-close>Cancel</button><button type="submit" class="primary">Save</button></footer></form></dialog>
<dialog id="kind-dialog"><header><h2>Which action?</h2></header><div class="in">
% for name, kind in kinds.items():
<a class="btn" href="/anpr/lists/{{chosen.id}}/actions/new?kind={{name}}">{{kind.label}}</a>
% end
</div><footer><button type="button" data-close>Cancel</button></footer></dialog>
