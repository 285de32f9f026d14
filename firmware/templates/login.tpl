<section class="door">
  <div class="door-brand"><svg viewBox="0 0 32 32" aria-hidden="true"><rect x="3" y="8" width="26" height="16" rx="4" fill="none" stroke="currentColor" stroke-width="2.5"/><path d="M8 19v-6M24 19v-6M11 16h10" stroke="currentColor" stroke-width="2.5" stroke-linecap="round"/></svg><h1>Gatewright</h1></div>
  <form class="card form" method="post" action="/login">
    <h2>Log in to this camera</h2>
% if error:
    <p class="alert bad" role="alert">{{error}}</p>
% end
    <input type="hidden" name="next" value="{{next}}">
    <label>User name<input name="user" value="{{user or 'admin'}}" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="32" required></label>
    <label>Password<input name="password" type="password" autocomplete="current-password" maxlength="200" required autofocus></label>
    <button class="primary" type="submit">Log in</button>
  </form>
  <p class="hint">The first password stands in the file <code>host/initial-password</code> of the camera and is printed when it starts for the first time.</p>
</section>
