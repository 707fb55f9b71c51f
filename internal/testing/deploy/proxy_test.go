package deploy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

// startCaddy and startNginx are proxies with a configuration of deploy/proxy.
func startCaddy(t *testing.T, configuration, host, certificate, key, upstream, address string) *exec.Cmd {
	t.Helper()
	caddy := tool(t, "caddy", "caddy")
	directory := t.TempDir()
	caddyfile := "{\n\tadmin off\n\tauto_https off\n\tstorage file_system " + directory + "\n}\n" +
		edited(t, file("proxy", configuration), host+" {", "https://"+address+" {\n\ttls "+certificate+" "+key, "127.0.0.1:8000", upstream)
	command := exec.Command(caddy, "run", "--config", write(t, "Caddyfile", caddyfile), "--adapter", "caddyfile")
	command.Env = []string{"HOME=" + directory}
	return command
}

func startNginx(t *testing.T, configuration, certificate, key, upstream, address string) *exec.Cmd {
	t.Helper()
	nginx := tool(t, "nginx", "nginx-light")
	directory := t.TempDir()
	server := edited(t, file("proxy", configuration), "listen 443 ssl http2;", "listen "+address+" ssl http2;",
		"server 127.0.0.1:8000;", "server "+upstream+";", "/etc/ssl/carebase/fullchain.pem", certificate, "/etc/ssl/carebase/privkey.pem", key)
	server = strings.ReplaceAll(server, "listen 80;", "listen "+testapp.UnusedAddress(t)+";")
	paths := ""
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		paths += kind + "_temp_path " + filepath.Join(directory, kind) + ";\n"
	}
	main := "daemon off;\nerror_log stderr warn;\npid " + filepath.Join(directory, "pid") + ";\nevents {}\nhttp {\naccess_log off;\n" + paths + server + "}\n"
	return exec.Command(nginx, "-c", write(t, "nginx.conf", main), "-e", "stderr")
}

// TestProxies uses the documented API and realtime through each proxy, as its
// example configures it, at the root of a host and below a path.
func TestProxies(t *testing.T) {
	certificate, key := newCertificate(t)
	for name, proxied := range map[string]struct {
		path  string
		start func(t *testing.T, upstream, address string) *exec.Cmd
	}{
		"Caddy": {"", func(t *testing.T, upstream, address string) *exec.Cmd {
			return startCaddy(t, "Caddyfile", "clinic.example.com", certificate, key, upstream, address)
		}},
		"Caddy below a path": {"/clinic", func(t *testing.T, upstream, address string) *exec.Cmd {
			return startCaddy(t, "subpath.Caddyfile", "example.com", certificate, key, upstream, address)
		}},
		"nginx": {"", func(t *testing.T, upstream, address string) *exec.Cmd {
			return startNginx(t, "nginx.conf", certificate, key, upstream, address)
		}},
		"nginx below a path": {"/clinic", func(t *testing.T, upstream, address string) *exec.Cmd {
			return startNginx(t, "subpath.nginx.conf", certificate, key, upstream, address)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			behind := testapp.New(t, func(settings *config.Config) {
				settings.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
			})
			address := testapp.UnusedAddress(t)
			proxy := proxied.start(t, strings.TrimPrefix(behind.URL, "http://"), address)
			proxy.Stderr, proxy.WaitDelay = t.Output(), 10*time.Second
			if err := proxy.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = proxy.Process.Signal(syscall.SIGTERM) // nginx ends its workers then
				_ = proxy.Wait()
			})
			through := &testapp.Server{TB: t, App: behind.App, URL: "https://" + address + proxied.path}
			testapp.Eventually(t, 30*time.Second, name+" answers", func() bool {
				response, err := http.Get(through.URL + "/readyz")
				if err == nil {
					_ = response.Body.Close()
				}
				return err == nil && response.StatusCode == http.StatusOK
			})
			testProxy(t, behind, through)
		})
	}
}

func testProxy(t *testing.T, behind, through *testapp.Server) {
	ann := through.SignUp("ann")
	// Events come through at once.
	screen := through.Connect()
	screen.Subscribe(ann.Access, "patients/*")
	patient := through.Patient(ann, "Ada")
	if event := screen.Next(); event.Action != "create" || event.Record["id"] != patient {
		t.Errorf("got %+v", event)
	}
	// Links are those of the proxy.
	through.Patient(ann, "Ben")
	if page := through.Must(http.StatusOK, ann.Access, "GET", "/api/patients/?page_size=1", nil); !strings.HasPrefix(page["next"].(string), through.URL+"/api/patients/") {
		t.Errorf("got %v", page["next"])
	}
	if proxied := through.Do(testapp.Request{Method: "GET", Path: "/api/patients/?page_size=1", Token: ann.Access, Header: map[string]string{"X-Forwarded-Prefix": "/forged"}}); strings.Contains(proxied.Body, "forged") {
		t.Errorf("a client chooses the prefix: %s", proxied.Body)
	}
	// Nobody chooses an address.
	forged := testapp.Request{Method: "POST", Path: "/api/auth/login/", Header: map[string]string{"X-Forwarded-For": "203.0.113.7"},
		Body: map[string]any{"email": ann.Email, "password": testapp.Password}}
	for server, want := range map[*testapp.Server]string{through: "127.0.0.1", behind: "203.0.113.7"} {
		if answer := server.Do(forged); answer.Status != http.StatusOK {
			t.Errorf("got %d %s", answer.Status, answer.Body)
		}
		sessions := server.Call(ann.Access, "GET", "/api/auth/sessions/", nil)
		if newest, _, _ := strings.Cut(sessions.Body, "}"); !strings.Contains(newest, `"`+want+`"`) {
			t.Errorf("got %s, want the address %s", sessions.Body, want)
		}
	}
	// Large bodies arrive, and too large ones are refused by the API itself.
	for megabytes, want := range map[int]int{10: http.StatusCreated, 20: http.StatusRequestEntityTooLarge} {
		answer := through.Call(ann.Access, "POST", "/api/patients/", map[string]any{"name": "Large", "age": 1, "notes": strings.Repeat("x", megabytes<<20)})
		if answer.Status != want || want >= 400 && !strings.HasPrefix(answer.Body, `{"detail":`) {
			t.Errorf("%d MB: got %d %.200s", megabytes, answer.Status, answer.Body)
		}
	}
}

// newCertificate returns the files of a certificate for 127.0.0.1 and its key, which
// this test's clients trust.
func newCertificate(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	public, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	encoded := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: public})
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(encoded)
	transport := http.DefaultTransport.(*http.Transport)
	before := transport.TLSClientConfig
	transport.TLSClientConfig = &tls.Config{RootCAs: trusted}
	t.Cleanup(func() { transport.TLSClientConfig = before })
	return write(t, "certificate.pem", string(encoded)), write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
}
