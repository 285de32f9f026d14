<section class="door">
  <div class="card form">
    <div class="state-line"><span class="dot {{'warn' if starting or broken else 'off'}}"></span><h2>{{title}}</h2></div>
% if starting:
    <p>The page opens by itself in a few seconds.</p>
% elif broken:
    <p>Its pages do not answer. The camera starts what failed again and again; this page looks again every few seconds.</p>
% else:
    <p>Cars are not read and no gate is opened until {{name}} is started.</p>
% end
% if text:
    <p class="alert warn">{{text}}</p>
% end
% if visitor.role == "admin":
    <a class="button primary" href="/setup/application/vadp.html">Package management</a>
% else:
    <p class="hint">An administrator can start it in Package management.</p>
% end
  </div>
</section>
