<section class="door"><div class="card form"><h2>{{title}}</h2><p>{{text}}</p><a class="button" href="/">To the start page</a></div></section>
