"""Manual: its samples of a list as XML and CSV (manual 4.4, List tab)."""

from __future__ import annotations

MANUAL_XML = """<?xml version = "1.0" encoding = "utf-8" ?>

<grouplist>

<nllists>

<nllist id="3" sendserver="0" dateserver="" reserve="" description="EMPLOYEES" color=""/>

</nllists>

<nlelemlists>

<nlelemlist id="1" sendserver="0" dateserver="" reserve="" numberplate="AAA123" listid="3" timestamp=""

description="EMP 1" startvaliditydate="2000-01-01T00:00:00.000" endvaliditydate="3000-01-01T00:00:00.000"/>


<nlelemlist id="2" sendserver="0" dateserver="" reserve="" numberplate="BBB321" listid="3" timestamp=""

description="EMP 2" startvaliditydate="2000-01-01T00:00:00.000" endvaliditydate="3000-01-01T00:00:00.000"/>


</nlelemlists>

</grouplist>
"""
MANUAL_CSV = (
    "nllist-id;description;color    \n"
    "1;BLACKLIST;#000000 \n"
    "nlelemlist-id;numberplate;listid;timestamp;description;startvaliditydate;endvaliditydate \n"
    "1;AAA123;1;;Description 1;2019-02-26T18:40:00.000;3000-01-01T00:00:00.000 \n"
    "2;BBB123;1;; Description 2;2019-02-25T18:43:06.000;3000-01-01T00:00:00.000 \n"
)
