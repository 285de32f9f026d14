% rebase('base', scripts=())
<div class="head"><h1>Audit</h1><a class="btn" href="/anpr/audit/audit.csv?{{found.query}}">Download CSV</a></div>
<form class="card" method="get" action="/anpr/audit" role="search"><div class="in search-fields">
  <div class="field"><span class="name"><label for="from">From date</label></span><input id="from" name="from" type="datetime-local" value="{{since}}"></div>
  <div class="field"><span class="name"><label for="to">To date</label></span><input id="to" name="to" type="datetime-local" value="{{call.query.get('to', '')}}"></div>
  <div class="field"><span class="name"><label for="kind">Type</label></span><select id="kind" name="kind"><option value="">Any action</option>
  % for name, kind in kinds.items():
    <option value="{{name}}"{{' selected' if call.query.get('kind') == name else ''}}>{{kind.label}}</option>
  % end
  </select></div>
  <div class="field"><span class="name"><label for="state">State</label></span><select id="state" name="state"><option value="">Any</option>
  % for state in states:
    <option{{' selected' if call.query.get('state') == state else ''}}>{{state}}</option>
  % end
  </select></div>
  <div class="field"><span class="name"><label for="size">Per page</label></span><select id="size" name="size">
  % for size in sizes:
    <option{{' selected' if size == found.size else ''}}>{{size}}</option>
  % end
  </select></div>
  <div class="field"><span class="name">&nbsp;</span><button class="primary">Search</button></div>
</div></form>
<section class="card results">
  <header><h2>{{found.total}} {{'action' if found.total == 1 else 'actions'}} <span class="muted small">{{zone}}</span></h2></header>
  % if limited:
  <div class="in"><div class="notice warn"><div>A search gives at most {{limit}} rows. Narrow the dates to see the others.</div></div></div>
  % end
  % if rows:
  <div class="scroll"><table class="compact by-plate">
    <thead><tr><th>Date and time</th><th>Type</th><th>Action</th><th>List</th><th>Plate</th><th>State</th><th class="right">Tries</th><th>Result</th></tr></thead>
    <tbody>
    % for r in rows:
    <tr{{!' class="error"' if r['is_error'] else ''}}>
      <td data-name="Date and time" class="nums nowrap">{{r['created_local']}}</td><td data-name="Type">{{r['label']}}</td><td data-name="Action">{{r['rule_name']}}</td><td data-name="List">{{r['list_name']}}</td>
      <td data-name="Plate" class="plate-cell"><span class="plate">{{r['plate'] or 'no plate'}}</span></td>
      <td data-name="State"><span class="badge{{' ok' if r['state'] == 'done' else ' bad' if r['is_error'] else ' warn' if r['state'] == 'withheld' else ''}}">{{r['state']}}</span></td>
      <td data-name="Tries" class="right nums">{{r['attempts']}}</td><td data-name="Result" class="small">{{r['note']}}</td>
    </tr>
    % end
    </tbody>
  </table></div>
  % else:
  <p class="empty">No action in this time matches.</p>
  % end
</section>
% include('pages', found=found)
