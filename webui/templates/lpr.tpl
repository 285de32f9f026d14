% rebase('base', scripts=('lpr',))
<div class="head"><div><h1>LPR configuration</h1><p>↻ takes effect after Restart service.</p></div><div class="row"><button type="button" id="default">Default configuration</button><button type="button" id="restart">Restart service</button></div></div>
<form id="lpr" class="stack">
% for title, members in groups:
% if title == 'Picture':
<section class="card" id="draw">
  <header><h2>Region of interest and lanes</h2><span class="small muted" id="draw-step" role="status">The picture shows what is stored.</span></header>
  <div class="in stack">
    <div class="row">
      <button type="button" data-draw="roi">Draw ROI</button><button type="button" data-reset="roi">Reset ROI</button>
      <button type="button" data-draw="lane_line">Draw lanes</button><button type="button" data-reset="lane_line">Delete lanes</button>
    </div>
    <div class="stage"><div class="view" id="view"><img id="picture" alt="Live picture of the camera" hidden><svg id="overlay"></svg><div class="no-picture" id="no-picture">Waiting for a picture…</div></div></div>
    % for f in members:
    <div data-field="{{f.name}}"><input name="{{f.name}}" id="f-{{f.name}}" type="hidden" data-type="json" value="{{'[%s]' % ','.join('%g' % n for n in f.value) if f.value else 'null'}}"></div>
    % end
    <p class="small muted">Only plates wholly inside the ROI are read. Plates left of the lane line are lane 1, right of it lane 2.</p>
  </div>
</section>
% else:
<section class="card"><header><h2>{{title}}</h2></header><div class="in fields">
% for f in members:
% include('field', f=f)
% end
</div></section>
% end
% end
<div class="save-bar"><button type="submit">Save</button><button type="submit" class="primary" value="restart">Save and restart service</button></div>
</form>
