% rebase('base', scripts=('live',))
<h1 hidden>Live</h1>
<div class="live" id="live" data-role="{{call.role}}">
  <div class="stack">
    <section class="card" aria-label="Live picture">
      <div class="stage"><div class="view" id="view">
        <img id="picture" alt="Live picture of the camera" hidden>
        <svg id="overlay" aria-hidden="true"></svg>
        <div class="no-picture" id="no-picture">Waiting for a picture…</div>
      </div></div>
      <div class="view-bar">
        <label class="check"><input type="checkbox" id="show-roi"> Show ROI</label>
        <label class="check"><input type="checkbox" id="show-lanes"> Show lanes</label>
        <label class="check"><input type="checkbox" id="show-calibration"> Calibration pattern</label>
        <label class="check"><input type="checkbox" id="show-reads" checked> Plate boxes</label>
        <label class="check"><input type="checkbox" id="show-focus"> Focus aid</label>
        <span class="grow"></span>
        <span class="small muted nums" id="rate"></span>
        <button type="button" class="primary" id="trigger" hidden>Trigger</button>
      </div>
      <div class="in focus" id="focus" hidden>
        <div class="spread"><b class="nums" id="focus-text" role="status">Sharpness …</b><button type="button" class="quiet" id="focus-again">Start again</button></div>
        <div class="meter" role="meter" aria-label="Sharpness, of the best seen" aria-valuemin="0" aria-valuemax="100" id="focus-meter"><i></i></div>
        <p class="small muted">Point at a standing plate. Turn the lens through its best point and back until the bar is full again. Measured inside the ROI, of the best seen since the aid was opened.</p>
      </div>
      <p class="small muted in" id="calibration-help" hidden>The character height of a plate belongs between the lines 25 and 40 pixels apart. Click the picture to move the pattern.</p>
    </section>
    <section class="card p-recent">
      <header><h2>Recent passages</h2><a class="btn quiet" href="/anpr/review">Review</a></header>
      <div class="scroll"><table class="compact" id="recent">
        <thead><tr><th>Plate</th><th>Picture</th><th>Time</th><th>List</th><th>Country</th><th class="right">Confidence</th></tr></thead>
        <tbody></tbody>
      </table></div>
      <p class="empty" id="no-passages" hidden>No car has passed yet.</p>
    </section>
  </div>
  <div class="stack">
    <section class="card p-last" aria-label="Last result">
      <header><h2>Last result</h2><span id="last-lists" class="row"></span></header>
      <div class="in last" id="last"><p class="muted small">No result yet.</p></div>
    </section>
    <section class="card p-board">
      <header><h2>Board</h2><span class="badge{{' warn' if simulated else ''}}">{{board}}</span></header>
      <div class="in board">
        <svg class="gate" id="gate" viewBox="0 0 300 128" role="img" aria-label="Barrier">
          <path class="road" d="M0 112h300"/>
          <g class="arm"><rect class="pole" x="52" y="73" width="220" height="10" rx="5"/><path class="mark" d="M92 74h22v8H92zM142 74h22v8h-22zM192 74h22v8h-22zM242 74h22v8h-22z"/></g>
          <rect class="post" x="36" y="62" width="30" height="50" rx="4"/><circle class="light" cx="51" cy="78" r="6"/>
          <text x="290" y="24" text-anchor="end" id="gate-text">closed</text>
        </svg>
        <div class="lines" id="lines"></div>
        <div id="wiegand" class="small"></div>
      </div>
    </section>
    <section class="card p-info">
      <header><h2>Info</h2><span class="badge" id="mode">…</span></header>
      <table class="info"><thead><tr><th>Counter</th><th class="right">Value</th><th class="right">Last change</th></tr></thead><tbody id="info"></tbody></table>
    </section>
  </div>
</div>
<dialog class="picture" id="zoom"><div class="in"><img alt=""><div class="spread"><span class="plate" id="zoom-plate"></span><span class="row"><a class="btn" download>Download image</a><button type="button" id="zoom-close">Close</button></span></div></div></dialog>
