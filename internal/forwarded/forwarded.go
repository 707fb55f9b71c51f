// Package forwarded tells who a request comes from, and whether over TLS, when
// reverse proxies stand in between. What a client claims about itself counts
// for nothing; only configured proxies are believed.
package forwarded

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

const (
	headerFor   = "X-Forwarded-For"
	headerProto = "X-Forwarded-Proto"
)

// Proxies are the networks of the reverse proxies that are believed.
type Proxies []netip.Prefix

// Resolve makes the request say what holds: RemoteAddr is the client's address,
// and the forwarding headers are left only where a trusted proxy sent them. It
// is called once, before anything looks at the request.
func (p Proxies) Resolve(request *http.Request) {
	peer, err := netip.ParseAddrPort(request.RemoteAddr)
	trusted := err == nil && p.contains(peer.Addr())
	forwardedFor := request.Header.Values(headerFor)
	scheme := lastItem(request.Header.Values(headerProto))
	request.Header.Del(headerFor)
	request.Header.Del(headerProto)
	if !trusted {
		return
	}
	if client := p.client(peer.Addr(), forwardedFor); client != peer.Addr() {
		request.RemoteAddr = netip.AddrPortFrom(client, 0).String()
	}
	if scheme == "https" || scheme == "http" {
		request.Header.Set(headerProto, scheme)
	}
}

// client is the last address on the way that is not a proxy's: each proxy
// appends whom it was reached from, and what stands before that is hearsay.
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

// parseHop reads an address, which some proxies send with its port.
func parseHop(hop string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(hop); err == nil {
		return withPort.Addr().Unmap(), nil
	}
	address, err := netip.ParseAddr(strings.Trim(hop, "[]"))
	return address.Unmap(), err
}

func lastItem(values []string) string {
	items := strings.Split(strings.Join(values, ","), ",")
	return strings.ToLower(strings.TrimSpace(items[len(items)-1]))
}

// IsTLS reports whether the client reached us over TLS, itself or by way of a
// trusted proxy. The request has been resolved.
func IsTLS(request *http.Request) bool {
	return request.TLS != nil || request.Header.Get(headerProto) == "https"
}

// Client is the client's address of a resolved request, the zero address if
// there is none.
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
