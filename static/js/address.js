// Chat apps add parameters of their own to an address. What is copied from the bar and sent on is the
// page's own address again. The names of ours are held to the doors by tests/policy/test_addresses.py.
const OURS = new Set(
  ("after all as at before category code coupon draft f from kind limit m month months name next of offer order page payment plain " +
    "plan q returned role show shown skip source standing tag text theme to until version").split(" "),
);
const CHAT = /^(groupmessage|singlemessage|timeline|message|favorites|qrcode|androidqq|qq|weibo|wechat)$/i;

const address = new URL(location.href);
const foreign = [...address.searchParams].filter(([name, value]) => !OURS.has(name) || (name === "from" && CHAT.test(value)));
if (foreign.length) {
  for (const [name, value] of foreign) address.searchParams.delete(name, value);
  history.replaceState(history.state, "", address);
}
