// returns: 3
1 + 2;
