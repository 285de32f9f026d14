% rebase('base', scripts=('logs',))
<div class="head"><h1>Logs</h1><button type="button" id="restart">Restart service</button></div>
% if logs:
<section class="card" id="logs">
  <header>
    <div class="bar"><select id="log" aria-label="Log">
    % for name, title in logs:
      <option value="{{name}}"{{' selected' if name == chosen else ''}}>{{title}}</option>
    % end
    </select><label class="check"><input type="checkbox" id="auto" checked> Auto update</label></div>
    <div class="bar"><input type="search" id="filter" placeholder="Only lines with…" aria-label="Only lines with"><a class="btn" id="zip" href="/anpr/logs/{{chosen}}-log.zip">Download</a></div>
  </header>
  <pre class="log" id="lines" tabindex="0" aria-label="Log lines"></pre>
</section>
% else:
<p class="card empty">No log has been written yet.</p>
% end
