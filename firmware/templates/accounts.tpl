<div class="head"><div><h1>Accounts</h1><p>Who may log in to this camera, and what they may do.</p></div></div>
% if error:
<p class="alert bad" role="alert">{{error}}</p>
% end
<div class="columns">
<section class="card" aria-label="Accounts">
  <table class="plain">
    <thead><tr><th>User</th><th>Role</th><th>Password</th><th></th></tr></thead>
    <tbody>
% for account in accounts:
    <tr><td><strong>{{account.name}}</strong></td><td>{{account.role}}</td><td class="muted">{{"to be changed at the next log-in" if account.must_change else "own password"}}</td>
    <td class="right">\\
% if account.name != visitor.name:
<form method="post" action="/setup/system/accounts/remove"><input type="hidden" name="user" value="{{account.name}}"><button class="danger small" type="submit">Remove</button></form>\\
% else:
<a class="button small" href="/password">Change password</a>\\
% end
</td></tr>
% end
    </tbody>
  </table>
</section>
<form class="card form" method="post" action="/setup/system/accounts/add">
  <h2>Add an account</h2>
  <label>User name<input name="user" value="{{user}}" maxlength="32" pattern="[A-Za-z0-9._\-]+" autocomplete="off" autocapitalize="none" required></label>
  <label>Role<select name="role">
% for role in reversed(roles):
    <option>{{role}}</option>
% end
  </select><small>viewer: sees the portal · operator: also edits lists and triggers · admin: everything, also packages</small></label>
  <label>First password<input name="password" type="password" autocomplete="new-password" minlength="{{least}}" maxlength="200" required><small>At least {{least}} characters; its owner replaces it at the first log-in.</small></label>
  <button class="primary" type="submit">Add account</button>
</form>
</div>
