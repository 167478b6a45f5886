// id: K13
// fails: script.threw
// message: <script>alert(1)</script>
// log: info <img src=x onerror=alert(1)>
export default () => { console.log("<img src=x onerror=alert(1)>"); throw new Error("<script>alert(1)</script>"); };
