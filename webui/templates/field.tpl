% wide = f.control in ('textarea', 'lines', 'countries', 'drawn')
<div class="field{{' wide' if wide else ''}}" data-field="{{f.name}}">
  <span class="name"><label for="f-{{f.name}}">{{f.title}}</label>
  % if f.help:
  <span class="help" tabindex="0" role="note" aria-label="{{f.help}}">i<span class="bubble">{{f.help}}</span></span>
  % end
  % if f.restart:
  <span class="due" title="Takes effect after Restart service">↻</span>
  % end
  </span>
% if f.control == 'switch':
  <label class="switch"><input id="f-{{f.name}}" name="{{f.name}}" type="checkbox" role="switch" data-type="bool"{{' checked' if f.value else ''}}> <span class="muted on">on</span><span class="muted off">off</span></label>
% elif f.control in ('select', 'region'):
  <div class="with-unit"><select id="f-{{f.name}}" name="{{f.name}}" data-type="text">
  % for value, label in f.choices:
    <option value="{{value}}"{{' selected' if str(f.value) == value else ''}}>{{label}}</option>
  % end
  % if str(f.value) not in [value for value, _ in f.choices]:
    <option value="{{f.value}}" selected>{{f.value or '-'}}</option>
  % end
  </select>\\
% if f.unit:
<span class="unit">{{f.unit}}</span>\\
% end
</div>
% elif f.control == 'number':
  <div class="with-unit"><input id="f-{{f.name}}" name="{{f.name}}" type="number" inputmode="decimal" value="{{f.value}}" step="{{f.step}}" data-type="{{'optional' if f.optional else 'number'}}"{{!' min="%s"' % f.lowest if f.lowest else ''}}{{!' max="%s"' % f.highest if f.highest else ''}}>\\
% if f.unit:
<span class="unit">{{f.unit}}</span>\\
% end
</div>
  % if f.lowest or f.highest:
  <span class="range">{{'{:,g}'.format(float(f.lowest)) if f.lowest else '…'}} to {{'{:,.10g}'.format(float(f.highest)) if f.highest else '…'}}</span>
  % end
% elif f.control == 'password':
  <input id="f-{{f.name}}" name="{{f.name}}" type="password" autocomplete="new-password" data-type="text" placeholder="leave empty to keep"{{!' maxlength="%s"' % f.longest if f.longest else ''}}>
% elif f.control in ('textarea', 'lines'):
  <textarea id="f-{{f.name}}" name="{{f.name}}" data-type="{{'lines' if f.control == 'lines' else 'text'}}" spellcheck="false">{{f.value}}</textarea>
% elif f.control == 'countries':
  % include('countries', field=f)
% elif f.control == 'drawn':
  <input id="f-{{f.name}}" name="{{f.name}}" type="hidden" data-type="json" value="{{'[%s]' % ','.join('%g' % n for n in f.value) if f.value else 'null'}}">
% elif f.control == 'time':
  <input id="f-{{f.name}}" name="{{f.name}}" type="time" value="{{f.value}}" data-type="text">
% elif f.control == 'moment':
  <input id="f-{{f.name}}" name="{{f.name}}" type="datetime-local" value="{{f.value}}" data-type="text">
% elif f.control == 'colour':
  <input id="f-{{f.name}}" name="{{f.name}}" type="color" value="{{f.value or '#607d8b'}}" data-type="text">
% elif f.control == 'suggest':
  <input id="f-{{f.name}}" name="{{f.name}}" value="{{f.value}}" list="l-{{f.name}}" data-type="text" autocomplete="off" spellcheck="false">
  <datalist id="l-{{f.name}}">
  % for value, _ in f.choices:
    <option value="{{value}}"></option>
  % end
  </datalist>
% else:
  <input id="f-{{f.name}}" name="{{f.name}}" value="{{f.value}}" data-type="text" spellcheck="false"{{!' maxlength="%s"' % f.longest if f.longest else ''}}>
% end
</div>
