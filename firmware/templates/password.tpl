<section class="door">
  <form class="card form" method="post" action="/password">
    <h2>Choose a password of your own</h2>
% if visitor.must_change:
    <p class="hint">The first password was only for the first log-in. The camera opens a gate: choose one that nobody guesses.</p>
% end
% if error:
    <p class="alert bad" role="alert">{{error}}</p>
% end
    <input type="hidden" name="user" value="{{visitor.name}}" autocomplete="username">
    <label>Present password<input name="old" type="password" autocomplete="current-password" maxlength="200" required autofocus></label>
    <label>New password<input name="new" type="password" autocomplete="new-password" minlength="{{least}}" maxlength="200" required><small>At least {{least}} characters.</small></label>
    <label>New password again<input name="again" type="password" autocomplete="new-password" minlength="{{least}}" maxlength="200" required></label>
    <button class="primary" type="submit">Save password</button>
  </form>
</section>
