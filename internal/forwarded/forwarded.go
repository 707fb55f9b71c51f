// Package forwarded determines the client's address, and the scheme, host and path
// by which it reached the server, behind reverse proxies. Forwarding headers count
// only if a configured proxy sent them.
package forwarded

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const (
	headerFor    = "X-Forwarded-For"
	headerProto  = "X-Forwarded-Proto"
	headerHost   = "X-Forwarded-Host"
	headerPrefix = "X-Forwarded-Prefix"
)

// Proxies are the networks of the trusted reverse proxies. Nil trusts none.
type Proxies []netip.Prefix

// Resolve sets request.RemoteAddr to the client's address, request.Host to the host
// that a trusted proxy was reached by, and keeps X-Forwarded-Proto and
// X-Forwarded-Prefix only if a trusted proxy sent them; the other headers are
// removed. Call it once, before anything else reads the request.
func (p Proxies) Resolve(request *http.Request) {
	peer, err := netip.ParseAddrPort(request.RemoteAddr)
	trusted := err == nil && p.contains(peer.Addr())
	forwardedFor := request.Header.Values(headerFor)
	scheme := strings.ToLower(lastItem(request.Header.Values(headerProto)))
	host, prefix := lastItem(request.Header.Values(headerHost)), lastItem(request.Header.Values(headerPrefix))
	for _, header := range []string{headerFor, headerProto, headerHost, headerPrefix} {
		request.Header.Del(header)
	}
	if !trusted {
		return
	}
	if client := p.client(peer.Addr(), forwardedFor); client != peer.Addr() {
		request.RemoteAddr = netip.AddrPortFrom(client, 0).String()
	}
	if scheme == "https" || scheme == "http" {
		request.Header.Set(headerProto, scheme)
	}
	if validHost.MatchString(host) {
		request.Host = host
	}
	if prefix = strings.TrimRight(prefix, "/"); validPrefix.MatchString(prefix) {
		request.Header.Set(headerPrefix, prefix)
	}
}

var (
	// validHost is a name or an address, with or without a port.
	validHost = regexp.MustCompile(`^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)
	// validPrefix is an absolute path that is not taken for a host or for a way out.
	validPrefix = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)
)

// client returns the last address that is not a trusted proxy's. Each proxy
// appends the address that it was reached from; what precedes the last
// untrusted address may be forged.
func (p Proxies) client(peer netip.Addr, forwardedFor []string) netip.Addr {
	client := peer
	for _, hop := range slices.Backward(strings.Split(strings.Join(forwardedFor, ","), ",")) {
		address, err := parseHop(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		client = address
		if !p.contains(address) {
			break
		}
	}
	return client
}

func (p Proxies) contains(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	return slices.ContainsFunc(p, func(network netip.Prefix) bool { return network.Contains(address) })
}

// parseHop parses an address, which some proxies send with its port.
func parseHop(hop string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(hop); err == nil {
		return withPort.Addr().Unmap(), nil
	}
	address, err := netip.ParseAddr(strings.Trim(hop, "[]"))
	return address.Unmap(), err
}

func lastItem(values []string) string {
	items := strings.Split(strings.Join(values, ","), ",")
	return strings.TrimSpace(items[len(items)-1])
}

// Origin returns the scheme and host by which the client reached the server, or a
// trusted proxy, and the prefix that the proxy takes from paths. The request must be
// resolved.
func Origin(request *http.Request) *url.URL {
	origin := &url.URL{Scheme: "http", Host: request.Host, Path: request.Header.Get(headerPrefix)}
	if IsTLS(request) {
		origin.Scheme = "https"
	}
	return origin
}

// IsTLS reports whether the client uses TLS, to this server or to a trusted
// proxy. The request must be resolved.
func IsTLS(request *http.Request) bool {
	return request.TLS != nil || request.Header.Get(headerProto) == "https"
}

// Client returns the client's address of a resolved request, or the zero
// address if it has none.
func Client(request *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(request.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return address.Unmap().WithZone("")
}

// Network returns what counts as one address: for IPv6 the /64 network, because a client
// can choose any address in it.
func Network(address netip.Addr) string {
	if address.Is6() {
		return netip.PrefixFrom(address, 64).Masked().String()
	}
	return address.String()
}
