// returns: {"parts":["https://user:p%20w@xn--e1afmkfd.xn--p1ai:8443/a/b?q=%D1%8B&x=1#top","https://xn--e1afmkfd.xn--p1ai:8443","https:","user","p%20w","xn--e1afmkfd.xn--p1ai:8443","xn--e1afmkfd.xn--p1ai","8443","/a/b","?q=%D1%8B&x=1","#top"],"base":["http://a/b/d","http://a/x","http://c/","http://a/b/c?q","http://a/b/c#h"],"normal":["http://example.com/","http://127.0.0.1/","http://[::1]/","http://a/%20%22","data:text/plain,x y","null"],"text":["http://a/","\"http://a/\"","http://a/"],"blob":"https://x.y","static":[true,false,true,null,"http://a/b"],"params":"1"}
function main() {
  const url = new URL("https://user:p w@пример.рф:8443/a/./b?q=ы&x=1#top");
  const of = (text, base) => new URL(text, base).href;
  return {
    parts: [url.href, url.origin, url.protocol, url.username, url.password, url.host, url.hostname, url.port, url.pathname, url.search, url.hash],
    base: [of("d", "http://a/b/c"), of("/x", new URL("http://a/b/c")), of("//c", "http://a/b"), of("?q", "http://a/b/c"), of("#h", "http://a/b/c")],
    normal: [of(" HTTP://EXAMPLE.com:80\n"), of("http://0x7f.1"), of("http://[::1]"), of('http://a/ "'), of("data:text/plain,x y"), new URL("data:x").origin],
    text: [`${new URL("http://a")}`, JSON.stringify(new URL("http://a")), new URL("http://a").toString()],
    blob: new URL("blob:https://x.y/123").origin,
    static: [URL.canParse("x:y"), URL.canParse("/x"), URL.canParse("/x", "http://a"), URL.parse("nope"), URL.parse("b", "http://a").href],
    params: new URL("http://a/?x=1").searchParams.get("x"),
  };
}
