// The tests' door into the browser's own process: a port on 127.0.0.1, its number in the profile's door.port, one JSON line
// `{id, code}` in, `{id, value}` or `{id, error}` out. BiDi's own way there (`moz:scope`) is newer than ESR 140.
/* globals ExtensionAPI, Services, ChromeUtils, Cc, Ci, Cu, IOUtils, PathUtils, WebExtensionPolicy */
'use strict';

const { AddonManager } = ChromeUtils.importESModule('resource://gre/modules/AddonManager.sys.mjs');

// A realm that no window takes with it when it closes.
function realm() {
  const sandbox = Cu.Sandbox(Services.scriptSecurityManager.getSystemPrincipal(), { wantGlobalProperties: ['ChromeUtils'] });
  return Object.assign(sandbox, { Services, Cc, Ci, WebExtensionPolicy, AddonManager });
}

function serve(transport) {
  const input = transport.openInputStream(0, 0, 0);
  const output = transport.openOutputStream(Ci.nsITransport.OPEN_BLOCKING, 0, 0);
  const bytes = Cc['@mozilla.org/binaryinputstream;1'].createInstance(Ci.nsIBinaryInputStream);
  const pump = Cc['@mozilla.org/network/input-stream-pump;1'].createInstance(Ci.nsIInputStreamPump);
  let text = '';
  const answer = (message) => {
    const line = `${JSON.stringify(message).replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
    output.write(line, line.length);
  };
  const run = async ({ id, code }) => {
    try {
      answer({ id, value: await Cu.evalInSandbox(code, realm()) });
    } catch (e) {
      answer({ id, error: String(e) });
    }
  };
  bytes.setInputStream(input);
  pump.init(input, 0, 0, false);
  pump.asyncRead({
    onStartRequest() {},
    onStopRequest() {},
    onDataAvailable(request, stream, offset, count) {
      text += bytes.readBytes(count);
      for (let end; (end = text.indexOf('\n')) >= 0; text = text.slice(end + 1)) run(JSON.parse(text.slice(0, end)));
    },
  });
}

this.door = class extends ExtensionAPI {
  onStartup() {
    this.server = Cc['@mozilla.org/network/server-socket;1'].createInstance(Ci.nsIServerSocket);
    this.server.init(-1, true, -1);
    this.server.asyncListen({ onSocketAccepted: (server, transport) => serve(transport), onStopListening() {} });
    IOUtils.writeUTF8(PathUtils.join(PathUtils.profileDir, 'door.port'), `${this.server.port}\n`);
  }

  onShutdown() { this.server.close(); }

  getAPI() { return { door: {} }; }
};
