package verifierlog

import (
	"regexp"
	"sync"
)

// lazy is a regular expression that is compiled when it is first asked: most
// processes that load programs never read a log.
type lazy struct {
	text string
	once sync.Once
	re   *regexp.Regexp
}

func pattern(text string) *lazy { return &lazy{text: text} }

func (l *lazy) compiled() *regexp.Regexp {
	l.once.Do(func() { l.re = regexp.MustCompile(l.text) })
	return l.re
}

func (l *lazy) MatchString(s string) bool            { return l.compiled().MatchString(s) }
func (l *lazy) FindStringSubmatch(s string) []string { return l.compiled().FindStringSubmatch(s) }
func (l *lazy) FindAllStringSubmatch(s string) [][]string {
	return l.compiled().FindAllStringSubmatch(s, -1)
}
