% rebase('base', scripts=('setup',))
% if not call.may('configure'):
<div class="notice warn"><div>An administrator must first choose the region and the countries whose plates are read.</div></div>
% else:
<form id="setup" class="setup">
  <div><h1>Whose plates are read?</h1><p class="muted">Choose the region, then the countries or states. It can be changed later in LPR configuration.</p></div>
  <section class="card"><header><h2 class="step"><b>1</b> Region</h2></header><div class="in field" data-field="region"><div class="regions">
  % for region, members in regions.items():
    <label class="chip"><input type="radio" name="region" value="{{region}}"{{' checked' if region == chosen_region else ''}}><span>{{region}}</span></label>
  % end
  </div></div></section>
  <section class="card"><header><h2 class="step"><b>2</b> Countries</h2><span class="small muted">Several may be chosen</span></header><div class="in field" data-field="countries">
  % include('countries', field=field)
  </div></section>
  <div class="save-bar"><button type="submit" class="primary">Save and start reading</button></div>
</form>
% end
