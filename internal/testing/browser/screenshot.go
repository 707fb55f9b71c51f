package browser

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"

	"carebase/internal/testing/module"
)

// ScreenshotsVariable is the environment variable that requests screenshots: "docs"
// for those of the documentation in docs/images/, or a directory for all.
const ScreenshotsVariable = "CAREBASE_SCREENSHOTS"

// Screenshot saves a screenshot if ScreenshotsVariable names a directory.
func (p *Page) Screenshot(name string) {
	p.Helper()
	directory := os.Getenv(ScreenshotsVariable)
	if directory == "" || directory == "docs" {
		return
	}
	p.save(directory, name)
}

// Illustrate saves a screenshot for the documentation if ScreenshotsVariable asks
// for it.
func (p *Page) Illustrate(name string) {
	p.Helper()
	if os.Getenv(ScreenshotsVariable) == "docs" {
		p.save(filepath.Join(module.Root(), "docs", "images"), name)
		return
	}
	p.Screenshot(name)
}

func (p *Page) save(directory, name string) {
	p.Helper()
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.Fatal(err)
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, name+".png"), picture, 0o644); err != nil {
		p.Fatal(err)
	}
}

// keepEvidence saves a screenshot of the page of a failed test.
func (p *Page) keepEvidence() {
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return
	}
	file, err := os.CreateTemp("", "carebase-"+strings.ReplaceAll(p.Name(), "/", "-")+"-*.png")
	if err != nil {
		return
	}
	defer file.Close()
	if _, err := file.Write(picture); err == nil {
		p.Log("the page at the end: ", file.Name())
	}
}
