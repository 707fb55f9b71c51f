// Package console tests the web console in a real browser, the way a person uses
// it.
package console
