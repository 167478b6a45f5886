// returns: [{"name":"a","namespace":"urn:x","attributes":{"b":"<&"},"text":"one two","children":[{"name":"c","namespace":"urn:x","attributes":{},"text":"","children":[]}]},"VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR","VALIDATION_ERROR"]
function main() {
  const refused = (text) => {
    try {
      return utils.xml.parse(text);
    } catch (error) {
      return error.code;
    }
  };
  const { text, ...rest } = utils.xml.parse('<a xmlns="urn:x" b="&lt;&amp;">one <c/>two</a>');
  return [
    { ...rest, text },
    refused('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
    refused('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'),
    refused("<a>".repeat(10_000) + "</a>".repeat(10_000)),
    refused("<a><b></a>"),
  ];
}
