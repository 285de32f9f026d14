% rebase('base', scripts=('review',))
<div class="head"><h1>Review</h1><a class="btn" href="/anpr/review/passages.csv?{{found.query}}">Download CSV</a></div>
<form class="card" method="get" action="/anpr/review" role="search"><div class="in search-fields">
  <div class="field"><span class="name"><label for="from">From date</label></span><input id="from" name="from" type="datetime-local" value="{{since}}"></div>
  <div class="field"><span class="name"><label for="to">To date</label></span><input id="to" name="to" type="datetime-local" value="{{call.query.get('to', '')}}"></div>
  <div class="field"><span class="name"><label for="plate">Plate</label></span><input id="plate" name="plate" value="{{call.query.get('plate', '')}}" maxlength="20" placeholder="whole or part" autocomplete="off"></div>
  <div class="field"><span class="name"><label for="list">List</label></span><select id="list" name="list"><option value="0">Any</option>
  % for each in lists:
    <option value="{{each.id}}"{{' selected' if each.id == chosen_list else ''}}>{{each.name}}</option>
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
  <header><h2>{{found.total}} {{'passage' if found.total == 1 else 'passages'}} <span class="muted small">{{zone}}</span></h2>
  % if passages:
  <input type="search" class="searchbox" id="filter" placeholder="Search filter" aria-label="Search filter">
  % end
  </header>
  % if limited:
  <div class="in"><div class="notice warn"><div>A search gives at most {{limit}} passages. Narrow the dates or the plate to see the others.</div></div></div>
  % end
  % if passages:
  <div class="scroll"><table class="compact" id="results">
    <thead><tr><th>Plate</th><th>Picture</th><th>Date and time</th><th>List</th><th>Country</th><th class="right">Confidence</th><th class="right">Height</th><th>Lane</th><th></th></tr></thead>
    <tbody>
    % for p in passages:
    <tr>
      <td data-name="Plate" class="plate-cell"><span class="plate{{'' if p['plate'] else ' none'}}">{{p['plate'] or 'no plate'}}</span></td>
      <td data-name="Picture">\\
% if p['image_plate'] or p['image_full']:
<img class="thumb" src="{{p['image_plate'] or p['image_full']}}" data-full="{{p['image_full'] or p['image_plate']}}" data-plate="{{p['plate']}}" alt="Plate image {{p['plate']}}" loading="lazy" tabindex="0">\\
% end
</td>
      <td data-name="Date and time" class="nums nowrap">{{p['at_local']}}</td>
      <td data-name="List"><span class="row">\\
% for each in p['lists']:
% if each['role'] != 'all':
<span class="badge{{' ok' if each['role'] == 'white' else ' bad' if each['role'] == 'black' else ' accent' if each['role'] in ('wish', 'custom') else ''}}">{{each['name']}}</span>\\
% end
% end
</span></td>
      <td data-name="Country">{{p['country_name']}}</td>
      <td data-name="Confidence" class="right nums">{{'%.0f %%' % p['confidence'] if p['plate'] else ''}}</td>
      <td data-name="Height" class="right nums nowrap">{{'%.0f px' % p['char_height_px'] if p['plate'] else ''}}</td>
      <td data-name="Lane" class="nums">{{p['lane'] or ''}}</td>
      <td class="right">\\
% if p['image_full']:
<a class="btn quiet" href="{{p['image_full']}}?download=1" download>Download image</a>\\
% end
</td>
    </tr>
    % end
    </tbody>
  </table></div>
  % else:
  <p class="empty">No passage in this time matches.</p>
  % end
</section>
% include('pages', found=found)
<dialog class="picture" id="zoom"><div class="in"><img alt=""><div class="spread"><span class="plate" id="zoom-plate"></span><span class="row"><a class="btn" download>Download image</a><button type="button" id="zoom-close">Close</button></span></div></div></dialog>
<img id="hover" class="hover" alt="" hidden>
