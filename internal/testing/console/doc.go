// Package console proves the web console in a real browser, as somebody who
// sits before it.
package console
