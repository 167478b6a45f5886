// returns: {"all":"ftp://u:p@b:81/%D1%8B?q#h","ignored":["http://a/","http://a/","http://a/","http://a/"],"params":["http://a/?x=2&y=%26","2","http://a/?z=3","3",null,"http://a/",0],"href":["http://b/?k=1","1"],"sorted":"http://a/?a=1&b=2"}
function main() {
  const url = new URL("http://a/");
  url.protocol = "ftp";
  url.username = "u";
  url.password = "p";
  url.host = "b:80";
  url.port = 81;
  url.pathname = "ы";
  url.search = "q";
  url.hash = "h";
  const unchanged = (part, value) => {
    const one = new URL("http://a/");
    one[part] = value;
    return one.href;
  };
  const linked = new URL("http://a/?x=1");
  const { searchParams } = linked;
  searchParams.set("x", 2);
  searchParams.append("y", "&");
  const params = [linked.href, searchParams.get("x")];
  linked.search = "?z=3";
  params.push(linked.href, searchParams.get("z"), searchParams.get("x"));
  searchParams.delete("z");
  params.push(linked.href, searchParams.size);
  linked.href = "http://b/?k=1";
  const sorted = new URL("http://a/?b=2&a=1");
  sorted.searchParams.sort();
  return {
    all: url.href,
    ignored: [unchanged("protocol", "x y"), unchanged("port", "99999"), unchanged("hostname", ""), unchanged("host", "a b")],
    params,
    href: [linked.href, searchParams.get("k")],
    sorted: sorted.href,
  };
}
