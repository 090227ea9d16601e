package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/bpfload/bpfload/elfload"
)

// column is one column of a table: numbers stand right, and the name is coloured.
type column struct {
	title  string
	number bool
}

// printTable prints rows under a title line; nothing when there are no rows.
func (c *console) printTable(title string, columns []column, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintln(c.out, paint(c.outColour, bold, title))
	t := table.NewWriter()
	style := table.Style{Box: table.BoxStyle{PaddingRight: "  "}}
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	head := make(table.Row, len(columns))
	configs := make([]table.ColumnConfig, len(columns))
	for i, col := range columns {
		head[i] = paint(c.outColour, dim, col.title)
		configs[i].Number = i + 1
		if col.number {
			configs[i].Align, configs[i].AlignHeader = text.AlignRight, text.AlignRight
		}
	}
	t.AppendHeader(head)
	t.SetColumnConfigs(configs)
	for _, r := range rows {
		row := make(table.Row, len(r))
		for i, cell := range r {
			if columns[i].title == "NAME" {
				cell = paint(c.outColour, cyan, cell)
			}
			row[i] = cell
		}
		t.AppendRow(row)
	}
	for line := range strings.SplitSeq(t.Render(), "\n") {
		fmt.Fprintln(c.out, "  "+line)
	}
}

// printLoaded prints the map_data table and the programs.
func (c *console) printLoaded(d *elfload.Document) {
	columns := []column{{"#", true}, {"NAME", false}, {"FD", true}, {"ID", true}, {"TYPE", false}, {"KEY", true}, {"VALUE", true},
		{"ENTRIES", true}, {"FLAGS", false}, {"SECTION", false}, {"DIALECT", false}, {"PIN", false}}
	var rows [][]string
	for i := range d.Maps {
		m := &d.Maps[i]
		rows = append(rows, []string{strconv.Itoa(m.Index), nameCell(m.Name), optional(m.FD), optional(m.ID), typeCell(m), number(m.KeySize),
			number(m.ValueSize), entriesCell(m), flagsCell(m), nameCell(m.Section), m.Dialect, pinCell(m)})
	}
	c.printTable("map_data", columns, rows)
	if len(rows) == 0 {
		fmt.Fprintln(c.out, "no maps")
	}
	columns = []column{{"#", true}, {"NAME", false}, {"FD", true}, {"ID", true}, {"TYPE", false}, {"SECTION", false},
		{"INSTRUCTIONS", true}, {"VERIFIED", true}, {"MAPS", false}}
	rows = nil
	for i := range d.Programs {
		p := &d.Programs[i]
		rows = append(rows, []string{strconv.Itoa(p.Index), nameCell(p.Name), optional(p.FD), optional(p.ID), dash(p.Type), nameCell(p.Section),
			strconv.Itoa(p.Instructions), optional(p.VerifiedInsns), namesCell(p.Maps)})
	}
	if len(rows) > 0 {
		fmt.Fprintln(c.out)
	}
	c.printTable("programs", columns, rows)
	c.printLinks(d)
}

// printLinks prints what is attached.
func (c *console) printLinks(d *elfload.Document) {
	columns := []column{{"#", true}, {"NAME", false}, {"FD", true}, {"ID", true}, {"KIND", false}, {"TARGET", false}, {"PIN", false}}
	var rows [][]string
	for i := range d.Links {
		l := &d.Links[i]
		pin := textCell(l.PinPath)
		if l.Reused {
			pin += " (updated)"
		}
		rows = append(rows, []string{strconv.Itoa(l.Index), nameCell(l.Name), optional(l.FD), optional(l.ID), l.Kind, textCell(l.Target), pin})
	}
	c.section("links", columns, rows)
}

// printInspected prints what an object holds.
func (c *console) printInspected(d *elfload.Document) {
	fmt.Fprintf(c.out, "%s: %s endian, %s, %s\n", paint(c.outColour, bold, elfload.Clean(filepath.Base(string(d.Object.Path)))),
		d.Object.ByteOrder, licenseText(d), versionText(d))
	fmt.Fprintln(c.out)
	c.printMaps(d)
	c.printPrograms(d)
	c.printGlobals(d)
	c.printExterns(d)
}

func licenseText(d *elfload.Document) string {
	if d.Object.License == "" {
		return "no license"
	}
	return "license " + quoteCell(string(d.Object.License))
}

// versionText is the version section's number as a kernel release.
func versionText(d *elfload.Document) string {
	if d.Object.Version == nil {
		return "no version"
	}
	v := *d.Object.Version
	return fmt.Sprintf("version %d.%d.%d (%#x)", v>>16, v>>8&0xff, v&0xff, v)
}

// printMaps prints the table of maps and then what does not fit a row.
func (c *console) printMaps(d *elfload.Document) {
	columns := []column{{"#", true}, {"NAME", false}, {"TYPE", false}, {"KEY", true}, {"", false}, {"VALUE", true}, {"", false},
		{"ENTRIES", true}, {"MEMORY", false}, {"FLAGS", false}, {"AT", false}, {"DIALECT", false}}
	var rows [][]string
	for i := range d.Maps {
		m := &d.Maps[i]
		rows = append(rows, []string{strconv.Itoa(m.Index), nameCell(m.Name), typeCell(m), number(m.KeySize), ctypeCell(m.KeyType),
			number(m.ValueSize), ctypeCell(m.ValueType), entriesCell(m), m.Memory.String(), flagsCell(m), atCell(m.Section, m.Offset), m.Dialect})
	}
	c.printTable("maps", columns, rows)
	if len(rows) == 0 {
		fmt.Fprintln(c.out, "no maps")
	} else {
		fmt.Fprintf(c.out, "  in all %s of kernel memory\n", d.Memory)
	}
	for i := range d.Maps {
		if lines := mapDetails(&d.Maps[i]); len(lines) > 0 {
			fmt.Fprintf(c.out, "\n  %s\n", paint(c.outColour, cyan, nameCell(d.Maps[i].Name)))
			for _, l := range lines {
				fmt.Fprintf(c.out, "      %s\n", l)
			}
		}
	}
}

// mapDetails are the facts about a map that most maps do not have.
func mapDetails(m *elfload.DocumentMap) []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if m.Dialect != "btf" && !m.Internal && m.Evidence != "" {
		add("dialect %s (%s)", m.Dialect, elfload.Clean(shorten(m.Evidence, 4*maxNameCell)))
	}
	if len(m.Aliases) > 0 {
		add("also called %s", namesCell(m.Aliases))
	}
	if in := m.Inner; in != nil {
		what := "inner map"
		if in.Index >= 0 {
			what += " like " + nameCell(in.Name)
		}
		add("%s: %s, key %s, value %s, entries %s, flags %s", what, typeCell(in), sizeCell(in.KeySize, in.KeyType),
			sizeCell(in.ValueSize, in.ValueType), entriesCell(in), flagsCell(in))
	}
	for _, s := range m.Values {
		if s.Member != "" {
			add(".%s = %s %s", nameCell(s.Member), s.Kind, nameCell(s.Target))
			continue
		}
		add("[%d] = %s %s", s.Slot, s.Kind, nameCell(s.Target))
	}
	for _, x := range m.Ext {
		if x.Text != "" {
			add("%s %s", x.Name, nameCell(x.Text))
		} else if x.Value != 0 {
			add("%s %d", x.Name, x.Value)
		}
	}
	if m.Tail != "" {
		add("unknown bytes %s", shorten(m.Tail, maxNameCell))
	}
	if m.NumaNode != 0 {
		add("numa_node %d", m.NumaNode)
	}
	if m.MapExtra != 0 {
		add("map_extra %#x", m.MapExtra)
	}
	if m.Pinning != "none" {
		add("pinning %s %s", m.Pinning, elfload.Clean(shorten(string(m.PinPath), maxNameCell)))
	}
	if m.InitialSHA256 != "" {
		unit := "bytes"
		if m.InitialSize == 1 {
			unit = "byte"
		}
		add("%d %s of contents, sha256 %s", m.InitialSize, unit, m.InitialSHA256[:12])
	}
	if m.Frozen {
		add("read-only to user space once it is filled")
	}
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

func (c *console) printPrograms(d *elfload.Document) {
	columns := []column{{"#", true}, {"NAME", false}, {"TYPE", false}, {"ATTACH TYPE", false}, {"ATTACH TO", false}, {"INSTRUCTIONS", true},
		{"SECTION", false}, {"LOADED", false}, {"MAPS", false}}
	var rows [][]string
	for i := range d.Programs {
		p := &d.Programs[i]
		loaded := "yes"
		if !p.Autoload {
			loaded = "on request"
		}
		rows = append(rows, []string{strconv.Itoa(p.Index), nameCell(p.Name), dash(p.Type), dash(p.ExpectedAttachType), textCell(p.AttachTo),
			strconv.Itoa(p.Instructions), nameCell(p.Section), loaded, namesCell(p.Maps)})
	}
	c.section("programs", columns, rows)
}

func (c *console) printGlobals(d *elfload.Document) {
	columns := []column{{"NAME", false}, {"TYPE", false}, {"SIZE", true}, {"VALUE", false}, {"AT", false}}
	var rows [][]string
	for i := range d.Globals {
		g := &d.Globals[i]
		value := "-"
		if g.Value != "" {
			value = shorten(elfload.Clean(string(g.Value)), maxNameCell)
		}
		rows = append(rows, []string{nameCell(g.Name), ctypeCell(g.Type), strconv.FormatUint(g.Size, 10), value, atCell(g.Section, g.Offset)})
	}
	c.section("globals", columns, rows)
}

func (c *console) printExterns(d *elfload.Document) {
	columns := []column{{"NAME", false}, {"TYPE", false}, {"SECTION", false}, {"WEAK", false}}
	var rows [][]string
	for i := range d.Externs {
		e := &d.Externs[i]
		weak := "no"
		if e.Weak {
			weak = "yes"
		}
		rows = append(rows, []string{nameCell(e.Name), ctypeCell(e.Type), textCell(e.Section), weak})
	}
	c.section("externs", columns, rows)
}

// section is a table behind an empty line.
func (c *console) section(title string, columns []column, rows [][]string) {
	if len(rows) > 0 {
		fmt.Fprintln(c.out)
		c.printTable(title, columns, rows)
	}
}

func number(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// optional is a number that may be missing.
func optional[T int | uint32](n *T) string {
	if n == nil {
		return "-"
	}
	return strconv.FormatInt(int64(*n), 10)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func textCell(t elfload.Text) string {
	if t == "" {
		return "-"
	}
	return nameCell(t)
}

func typeCell(m *elfload.DocumentMap) string {
	if m.Type == "" {
		return number(m.TypeID)
	}
	return m.Type
}

func entriesCell(m *elfload.DocumentMap) string {
	if m.PerCPUEntries {
		return "cpus"
	}
	return number(m.MaxEntries)
}

// flagsCell is the flags' names as short as they are known.
func flagsCell(m *elfload.DocumentMap) string {
	if len(m.MapFlagNames) == 0 {
		return "-"
	}
	names := make([]string, len(m.MapFlagNames))
	for i, n := range m.MapFlagNames {
		names[i] = strings.ToLower(strings.TrimPrefix(n, "BPF_F_"))
	}
	return strings.Join(names, "|")
}

func pinCell(m *elfload.DocumentMap) string {
	switch {
	case m.PinPath == "":
		return "-"
	case m.Reused:
		return textCell(m.PinPath) + " (used again)"
	case m.Replaced != nil && m.Replaced.By == string(elfload.MismatchMigrate):
		return fmt.Sprintf("%s (migrated: %d entries)", textCell(m.PinPath), m.Replaced.Entries)
	case m.Replaced != nil:
		return textCell(m.PinPath) + " (replaced)"
	}
	return textCell(m.PinPath)
}

// ctypeCell is a C type, which has blanks without being odd.
func ctypeCell(t elfload.Text) string {
	if t == "" {
		return "-"
	}
	return shorten(elfload.Clean(string(t)), maxNameCell)
}

func sizeCell(n uint32, t elfload.Text) string {
	if t == "" {
		return number(n)
	}
	return number(n) + " " + ctypeCell(t)
}

func atCell(section elfload.Text, offset uint64) string {
	return fmt.Sprintf("%s+%#x", nameCell(section), offset)
}

// namesCell joins names up to what a table bears.
func namesCell(names []elfload.Text) string {
	if len(names) == 0 {
		return "-"
	}
	const most = 8
	var cells []string
	for _, n := range names[:min(len(names), most)] {
		cells = append(cells, nameCell(n))
	}
	if len(names) > most {
		cells = append(cells, fmt.Sprintf("and %d more", len(names)-most))
	}
	return strings.Join(cells, ", ")
}
