% rebase('base', scripts=('action',))
<div class="head"><div><p><a href="/anpr/lists/{{owner.id}}?view=actions">{{owner.name}}</a> ›</p><h1>{{kind.label}} action</h1></div></div>
<form id="action" class="stack" data-rule="{{rule.id}}" data-list="{{owner.id}}" data-kind="{{kind.name}}">
  <section class="card"><div class="in fields">
    <div class="field" data-field="name"><span class="name"><label for="f-action-name">Action name</label></span><input id="f-action-name" value="{{rule.name}}" maxlength="60"></div>
    <div class="field" data-field="enabled"><span class="name">Active</span><label class="switch"><input type="checkbox" role="switch" id="f-enabled"{{' checked' if rule.enabled else ''}}> <span class="muted on">enabled</span><span class="muted off">disabled</span></label></div>
  </div></section>
  <section class="card"><header><h2>What to do</h2></header><div class="in fields" id="options">
  % for f in form:
  % include('field', f=f)
  % end
  </div></section>
  <section class="card" data-field="week">
    <header><h2>Weekly schedule</h2><span class="small muted">{{zone}}</span></header>
    <div class="in stack">
      <div class="row" id="presets"><button type="button" data-preset="always">Always</button><button type="button" data-preset="office">Mon–Fri 08–18</button><button type="button" data-preset="copy">Monday for all days</button><button type="button" data-preset="never">Clear</button></div>
      <div class="week" id="week" data-week="{{week}}">
        <div class="scale"><span></span><div><span>0</span><span>6</span><span>12</span><span>18</span><span>24</span></div><span>From–to</span></div>
      % for number, day in enumerate(days):
        <div class="day"><b class="small">{{day}}</b><div class="hours" data-day="{{number}}" aria-hidden="true">{{!'<i></i>' * 24}}</div><input aria-label="{{day}} from-to" data-spans="{{number}}" placeholder="not on this day" spellcheck="false"></div>
      % end
      </div>
      <p class="small muted">Paint hours with the pointer, or write spans such as 08:00-12:30, 13:15-17:00.</p>
    </div>
  </section>
  <section class="card">
    <header><h2>Test</h2></header>
    <div class="in stack">
      <p class="small muted">Carries out the action now as it stands above, saved or not, for this plate. An open gate really opens.</p>
      <div class="row"><input id="test-plate" class="searchbox" value="{{sample}}" maxlength="20" aria-label="Plate for the test"><button type="button" id="test">TEST</button></div>
      <div class="notices" id="outcome" aria-live="polite"></div>
      % if result and result.done_at:
      <p class="small muted nums">Last success {{local(result.done_at)}} · {{result.done_note}}</p>
      % end
      % if result and result.error_at:
      <p class="small bad nums">Last error {{local(result.error_at)}} · {{result.error}}</p>
      % end
    </div>
  </section>
  <div class="save-bar"><a class="btn" href="/anpr/lists/{{owner.id}}?view=actions">Cancel</a><button type="submit" class="primary">Save</button></div>
</form>
