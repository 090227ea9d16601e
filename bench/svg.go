//go:build linux

package main

import (
	"bytes"
	"fmt"
	"math"
	"slices"
)

// The plot's size in pixels, its margins, and the ratios at its lower and upper edge.
const (
	plotWidth, plotHeight     = 760, 400
	plotLeft, plotRight       = 60, 150
	plotTop, plotBottom       = 40, 50
	lowestRatio, highestRatio = 1.0 / 32, 4.0
)

// curve is one line of the plot: bpfload's time for each object, as a part of
// another's, in rising order.
type curve struct {
	title, colour string
	ratios        []float64
}

// svg plots how bpfload's time to load relates to the others', object by object.
// It is simple enough to be written by hand; a plotting library would be the
// project's largest dependency.
func (b *bench) svg() []byte {
	curves := []curve{{title: "cilium/ebpf", colour: "#0072b2"}, {title: "libbpf", colour: "#d55e00"}, {title: "the faster", colour: "#222222"}}
	for _, o := range b.loaded() {
		own := b.value(o, "load own", best)
		curves[0].ratios = append(curves[0].ratios, own/b.value(o, "load cilium", best))
		curves[1].ratios = append(curves[1].ratios, own/b.value(o, "load oracle", best))
		curves[2].ratios = append(curves[2].ratios, own/b.faster(o, best))
	}
	var s bytes.Buffer
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&s, `<rect width="%d" height="%d" fill="white"/>`+"\n", plotWidth, plotHeight)
	fmt.Fprintf(&s, `<text x="%d" y="20" font-size="14">Time to load with bpfload, as a part of the time with another loader</text>`+"\n", plotLeft)
	s.WriteString(axes(len(curves[0].ratios)))
	label := 0
	for i := range curves {
		s.WriteString(curves[i].draw(&label))
	}
	s.WriteString("</svg>\n")
	return s.Bytes()
}

// height is the vertical place of a ratio, on a logarithmic scale.
func height(ratio float64) float64 {
	part := math.Log(min(max(ratio, lowestRatio), highestRatio)/lowestRatio) / math.Log(highestRatio/lowestRatio)
	return plotHeight - plotBottom - part*(plotHeight-plotTop-plotBottom)
}

func axes(n int) string {
	var s bytes.Buffer
	right := plotWidth - plotRight
	for r := lowestRatio; r <= highestRatio; r *= 2 {
		colour, width := "#dddddd", 1.0
		if r == 1 {
			colour, width = "#888888", 1.5
		}
		text := fmt.Sprintf("%g", r)
		if r < 1 {
			text = fmt.Sprintf("1/%g", 1/r)
		}
		fmt.Fprintf(&s, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="%s" stroke-width="%.1f"/>`+"\n", plotLeft, right, height(r), height(r), colour, width)
		fmt.Fprintf(&s, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", plotLeft-8, height(r)+4, text)
	}
	fmt.Fprintf(&s, `<text x="%d" y="%d" text-anchor="middle">%d objects, from the best ratio to the worst; below 1 bpfload is faster</text>`+"\n",
		(plotLeft+right)/2, plotHeight-18, n)
	return s.String()
}

// draw gives the line and, beside its median, its name; labels are kept apart.
func (c *curve) draw(label *int) string {
	var s bytes.Buffer
	slices.Sort(c.ratios)
	fmt.Fprintf(&s, `<polyline fill="none" stroke="%s" stroke-width="2" points="`, c.colour)
	span := float64(plotWidth - plotLeft - plotRight)
	for i, r := range c.ratios {
		fmt.Fprintf(&s, "%.1f,%.1f ", plotLeft+span*(float64(i)+0.5)/float64(len(c.ratios)), height(r))
	}
	s.WriteString(`"/>` + "\n")
	y := plotTop + 20 + 40**label
	*label++
	fmt.Fprintf(&s, `<line x1="%d" x2="%d" y1="%d" y2="%d" stroke="%s" stroke-width="2"/>`+"\n", plotWidth-plotRight+12, plotWidth-plotRight+32, y-4, y-4, c.colour)
	fmt.Fprintf(&s, `<text x="%d" y="%d">%s</text><text x="%d" y="%d" fill="#666666">median %.2f</text>`+"\n", plotWidth-plotRight+38, y, c.title,
		plotWidth-plotRight+38, y+15, median(c.ratios))
	return s.String()
}
