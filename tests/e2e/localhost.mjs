// Firefox's remote agent calls itself ws://localhost. A bare system (debootstrap's minbase) has no /etc/hosts that says what
// that is, so it is said here, for this process alone.
import dns from 'node:dns';

const lookup = dns.lookup;
dns.lookup = (name, options, done) => lookup(name === 'localhost' ? '127.0.0.1' : name, options, done);
