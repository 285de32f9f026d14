% if found.last > 1:
<nav class="pages" aria-label="Pages">
  % for n in found.near:
  <a href="?{{found.query}}&amp;page={{n}}"{{!' aria-current="page"' if n == found.page else ''}}>{{n}}</a>
  % end
</nav>
% end
