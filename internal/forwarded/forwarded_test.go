package forwarded_test

import (
	"net/http"
	"net/netip"
	"testing"

	"carebase/internal/forwarded"
)

func TestResolve(t *testing.T) {
	proxies := forwarded.Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("127.0.0.1/32")}
	for _, test := range []struct {
		name, peer string
		forwarded  []string
		proto      string
		client     string
		isTLS      bool
	}{
		{"no proxy", "203.0.113.7:4000", nil, "", "203.0.113.7", false},
		{"a client that forges another address", "203.0.113.7:4000", []string{"198.51.100.1"}, "https", "203.0.113.7", false},
		{"one proxy", "10.1.2.3:4000", []string{"203.0.113.7"}, "https", "203.0.113.7", true},
		{"a header that the client sent to the proxy", "10.1.2.3:4000", []string{"198.51.100.1, 203.0.113.7"}, "https", "203.0.113.7", true},
		{"two headers", "10.1.2.3:4000", []string{"198.51.100.1", "203.0.113.7"}, "http, https", "203.0.113.7", true},
		{"a client that forges a proxy's address", "10.1.2.3:4000", []string{"10.9.9.9, 203.0.113.7"}, "http", "203.0.113.7", false},
		{"two proxies", "10.1.2.3:4000", []string{"203.0.113.7, 10.4.5.6"}, "", "203.0.113.7", false},
		{"a client in the proxies' network", "10.1.2.3:4000", []string{"10.4.5.6"}, "", "10.4.5.6", false},
		{"a proxy that forwards nothing", "10.1.2.3:4000", nil, "", "10.1.2.3", false},
		{"invalid values", "10.1.2.3:4000", []string{"203.0.113.7, unknown"}, "ftp", "10.1.2.3", false},
		{"with port", "10.1.2.3:4000", []string{"203.0.113.7:555"}, "", "203.0.113.7", false},
		{"IPv6", "[fd00::1]:4000", []string{"2001:db8::5"}, "HTTPS", "2001:db8::5", true},
		{"IPv6 with port", "[fd00::1]:4000", []string{"[2001:db8::5]:80"}, "", "2001:db8::5", false},
		{"IPv4 in IPv6", "[::ffff:10.1.2.3]:4000", []string{"::ffff:203.0.113.7"}, "", "203.0.113.7", false},
		{"no address at all", "@", []string{"203.0.113.7"}, "https", "invalid IP", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			request := &http.Request{RemoteAddr: test.peer, Header: http.Header{}}
			for _, value := range test.forwarded {
				request.Header.Add("X-Forwarded-For", value)
			}
			if test.proto != "" {
				request.Header.Set("X-Forwarded-Proto", test.proto)
			}
			proxies.Resolve(request)
			if client := forwarded.Client(request).String(); client != test.client {
				t.Errorf("the client is %s, want %s", client, test.client)
			}
			if forwarded.IsTLS(request) != test.isTLS {
				t.Errorf("TLS is %v", !test.isTLS)
			}
			if left := request.Header.Values("X-Forwarded-For"); len(left) > 0 {
				t.Errorf("the header is still %v", left)
			}
		})
	}
}

func TestOrigin(t *testing.T) {
	proxies := forwarded.Proxies{netip.MustParsePrefix("10.0.0.0/8")}
	const proxy, stranger = "10.1.2.3:4000", "203.0.113.7:4000"
	for _, test := range []struct{ peer, proto, host, prefix, origin string }{
		{stranger, "https", "evil.example.com", "/evil", "http://own.example.com"},
		{proxy, "", "", "", "http://own.example.com"},
		{proxy, "https", "clinic.example.com:8443", "/care/base/", "https://clinic.example.com:8443/care/base"},
		{proxy, "https", "forged.example.com, clinic.example.com", "/forged, /care", "https://clinic.example.com/care"},
		{proxy, "", "[2001:db8::5]:80", "", "http://[2001:db8::5]:80"},
		{proxy, "", "a/b", "//evil.example.com", "http://own.example.com"},
		{proxy, "", "user@evil.example.com", "care", "http://own.example.com"},
		{proxy, "", "evil.example.com#", "/a/../b", "http://own.example.com"},
		{proxy, "", "", "/a?b=c", "http://own.example.com"},
	} {
		request := &http.Request{RemoteAddr: test.peer, Host: "own.example.com", Header: http.Header{
			"X-Forwarded-Proto": {test.proto}, "X-Forwarded-Host": {test.host}, "X-Forwarded-Prefix": {test.prefix},
		}}
		proxies.Resolve(request)
		if origin := forwarded.Origin(request).String(); origin != test.origin {
			t.Errorf("%v: got %s", test, origin)
		}
	}
}

func FuzzResolve(f *testing.F) {
	f.Add("10.1.2.3:4000", "203.0.113.7, 10.4.5.6", "https")
	f.Add("[::1%lo]:1", ",,[::]:1,%", ",")
	proxies := forwarded.Proxies{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, peer, forwardedFor, proto string) {
		request := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {forwardedFor}, "X-Forwarded-Proto": {proto}}}
		before := forwarded.Client(request)
		proxies.Resolve(request)
		after := forwarded.Client(request)
		if trusted := proxies[0].Contains(before); !trusted && (after != before || forwarded.IsTLS(request)) {
			t.Errorf("%q was trusted", peer)
		}
	})
}
