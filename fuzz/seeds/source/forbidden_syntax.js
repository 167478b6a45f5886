@decorated class A { accessor a = 1 }
with (a) { arguments.callee }
label: for (;;) { continue label }
<!-- html
x
--> html
import.meta.url; import defer * as d from 'lib/a';
