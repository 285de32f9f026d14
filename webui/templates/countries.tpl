<div class="stack" data-countries>
  <input type="search" placeholder="Search country or state" aria-label="Search country or state" data-search class="searchbox">
  <div class="chips">
  % chosen = set(field.value or ())
  % for region, members in regions.items():
    % for each in members:
    <label class="chip" data-region="{{region}}"><input type="checkbox" name="{{field.name}}" value="{{each.code}}" data-type="list"{{' checked' if each.code in chosen else ''}}><span>{{each.name}}</span><span class="mono">{{each.code}}</span></label>
    % end
  % end
  </div>
  <p class="small muted" data-count></p>
</div>
