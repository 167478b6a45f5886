// id: D07a
// fails: script.too_large
// repeat: 70000
// each: { «let a№;» }
// each: { («a№,») => 1 }
// each: { switch (1) { «case №:» } }
// each: { «()=>1;» }
// each: { «class{#a};» }
// each: ({ «a№:1,» })
export default () => $EACH;
