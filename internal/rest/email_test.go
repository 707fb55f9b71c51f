package rest

import (
	"strings"
	"testing"
)

func TestValidEmail(t *testing.T) {
	label := strings.Repeat("a", 63)
	for _, address := range []string{
		"a@b.co", "A.b+c@Example.COM", "o'neil@x-y.org", "a@localhost", "!#$%&'*+-/=?^_`{|}~@b.co", `"ab"@c.de`, `"\@"@c.de`, "\"\x01\"@c.de",
		`"quoted@at"@c.de`, "a@" + label + ".com", "a@1.co", "a@b.xn--p1ai", "a@b.xn--0", "a@[127.0.0.1]", "a@[::1]", "a@[2001:db8::ffff:1.2.3.4]",
		"a@xn--bcher-kva.example", "a@bücher.example", "a@例え.テスト", "ſ@b.co", "İı\u212a@b.co", "a@col·legi.cat", "a@²x.com", "a@exa\u200bmple.com", "a@b\u3000.co", "a@b.co\ufffd", "a@b.c-d", "a@b." + label[1:] + "é", strings.Repeat("a", 315) + "@b.co",
	} {
		if !ValidEmail(address) {
			t.Errorf("%q is refused", address)
		}
	}
	for _, address := range []string{
		"", "a", "@", "@b.co", "a@", "a@b", "a@b.c", "a@.co", "a@b..co", "a@b.co.", "a@-b.co", "a@b-.co", "a@b.co-", ".a@b.co", "a.@b.co", "a..b@c.de",
		`"a b"@c.de`, "a b@c.de", "a@b c.de", "a@b_c.de", `"a"b@c.de`, `"a` + "\n" + `"@c.de`, `"\` + "\n" + `"@c.de`, "a@b.co\n", "ä@b.co", "a\x00@b.co", "a@b\x00.co",
		"a@LOCALHOST", "a@[127.0.0.256]", "a@[127.0.0.01]", "a@[::1", "a@[fe80::1%eth0]", "a@[]", "a@" + label + "a.com", "a@b." + label + "a", "a@b.c0", "a@example.c0m", "a@b.c1", "a@b.xn--", "a@b.-c", "a@b.c-", "a@b\u00a0.co", "a@😀.co", "a@[2001:0db8:0000:0000:0000:ffff:192.168.100.100]", "a@[1.2.3]",
		strings.Repeat("a", 316) + "@b.co",
	} {
		if ValidEmail(address) {
			t.Errorf("%q is taken", address)
		}
	}
}

func TestNormalizeEmail(t *testing.T) {
	for address, want := range map[string]string{
		"Ann@Example.COM": "Ann@example.com", "A@B@C.de": "A@B@c.de", "nothing": "nothing", "@A": "@a",
	} {
		if got := NormalizeEmail(address); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}
