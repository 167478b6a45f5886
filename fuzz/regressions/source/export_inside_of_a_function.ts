export default () => {
  export default () => 1;
};
