<div class="head">
  <div><h1>Package management</h1><p>The packages of this camera. Double click one to open its pages.</p></div>
  <p class="muted small">Serial <span class="mono">{{serial}}</span>
% if report_key:
  <br><span title="{{report_key}}">Bench reports are signed with key <span class="mono">{{report_key[:16]}}</span></span>
% end
  </p>
</div>
<div id="lost" class="alert bad" role="alert" hidden>The camera does not answer. This page tries again by itself.</div>

<section class="card" aria-labelledby="installed">
  <header><h2 id="installed">Installed packages</h2><span id="count" class="muted small"></span></header>
  <div id="packages" aria-live="polite"><p class="empty">Loading …</p></div>
</section>

<section class="card upload" aria-labelledby="upload-title">
  <header><h2 id="upload-title">Upload a package</h2></header>
  <form id="upload" class="in" data-max="{{max_bytes}}">
    <label class="drop" id="drop">
      <input type="file" id="file" name="package" accept=".gz,.tgz,.vadp,application/gzip" required>
      <strong id="chosen">Select file</strong>
      <span class="muted small">or drop it here · .tar.gz or .vadp, at most {{max_bytes >> 20}} MB</span>
    </label>
    <div class="upload-row">
      <label class="check" id="sd-label"><input type="checkbox" id="sd" name="save2sd" value="1"> <span>Save to SD card<small id="sd-note"></small></span></label>
      <button class="primary" id="send" type="submit">Upload</button>
    </div>
    <div id="progress" hidden><div class="bar"><div id="bar"></div></div><p id="progress-text" class="muted small" role="status"></p></div>
    <p id="result" class="alert" role="status" hidden></p>
  </form>
</section>

<dialog id="ask"><form method="dialog"><h2 id="ask-title"></h2><p id="ask-text"></p><div class="row end"><button value="no" class="quiet">Cancel</button><button value="yes" id="ask-yes" class="danger solid">Remove</button></div></form></dialog>
<input type="file" id="licence-file" accept=".json,.lic,application/json" hidden>
<script src="/host/vadp.js" defer></script>
