#!/usr/bin/env node
'use strict'
for await (const a of b()) { if (a) return a; }
return;
