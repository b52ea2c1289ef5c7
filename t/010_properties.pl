# Random tables, filters, sort lists and pages: every answer is that of plain SQL
# which is written here in another way.
#
# FCA_SEED repeats a run; FCA_CASES is the number of cases.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $seed = $ENV{FCA_SEED} || 1 + int(rand(2**31 - 1));
my $cases = $ENV{FCA_CASES} || 20_000;
my $cases_per_relation = 120;
my $relations_per_session = 5;
my $max_shown = 5;

srand($seed);
note("FCA_SEED=$seed FCA_CASES=$cases");

my $node = PostgreSQL::Test::Cluster->new('properties');
$node->init(extra => [ '--locale=C.UTF-8', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "extension_destdir = '$ENV{FCA_DESTDIR}'")
  if $ENV{FCA_DESTDIR};
$node->append_conf('postgresql.conf',
	"fsync = off\njit = off\nautovacuum = off\ntimezone = 'Asia/Kathmandu'\n");
$node->start;

# compare() runs a call and what is wanted, gives 'n|' where the answers are the
# same, and both answers where they are not.  An error of the call is an answer;
# one of plain SQL is a mistake of this test.
$node->safe_psql('postgres', q{
	CREATE EXTENSION fca_repo;
	CREATE SCHEMA "Random";
	CREATE TYPE "Random".mood AS ENUM ('low', 'Mid''dle', 'a', 'high');
	CREATE DOMAIN "Random".label AS text;
	CREATE DOMAIN "Random".amount AS int;

	CREATE FUNCTION compare(n int, call text, plain text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		got text;
		wanted text;
		message text := '';
	BEGIN
		BEGIN
			EXECUTE call INTO got;
		EXCEPTION WHEN OTHERS THEN
			got := 'ERROR ' || SQLSTATE;
			message := ' ' || translate(SQLERRM, E'\n', ' ');
		END;
		EXECUTE plain INTO STRICT wanted;
		RETURN n || '|' || CASE WHEN got IS DISTINCT FROM wanted
			THEN format('got:    %s%s<br>wanted: %s',
				coalesce(got, 'NULL'), message, coalesce(wanted, 'NULL'))
			ELSE '' END;
	END $$;

	-- the pages of a call of get_page whose last argument is $1, up to the first that is short
	CREATE FUNCTION walk(call text, size int) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		page jsonb;
		pages jsonb := '[]';
		place jsonb;
	BEGIN
		FOR i IN 1 .. 100 LOOP
			EXECUTE call INTO page USING place;
			pages := pages || page;
			IF jsonb_array_length(page) > size THEN
				RETURN 'a page has more rows than were asked for: ' || page;
			ELSIF jsonb_array_length(page) < size THEN
				RETURN pages;
			END IF;
			place := page -> -1;
		END LOOP;
		RETURN 'it goes on for ever: ' || pages;
	END $$;

	-- what a statement says it changed, and the rows after it; it is rolled back
	CREATE FUNCTION change(statement text, contents text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		n bigint;
		rows text;
	BEGIN
		EXECUTE statement INTO n;
		EXECUTE contents INTO rows;
		RAISE EXCEPTION SQLSTATE 'RB000';
	EXCEPTION WHEN SQLSTATE 'RB000' THEN
		RETURN n || ' rows changed: ' || rows;
	END $$;
});

my $icu = $node->safe_psql('postgres',
	q{SELECT count(*) FROM pg_collation WHERE collname = 'und-x-icu'});
$node->safe_psql('postgres', q{
	CREATE COLLATION "Random".no_case
		(provider = icu, locale = 'und-u-ks-level2', deterministic = false)
}) if $icu;

#
# Chance
#

sub chance { my ($p) = @_; return rand() < $p; }
sub one_of { return $_[ int(rand(@_)) ]; }
sub number { my ($from, $to) = @_; return $from + int(rand($to - $from + 1)); }

sub shuffled
{
	my @list = @_;
	for my $i (reverse 1 .. $#list)
	{
		my $j = int(rand($i + 1));
		@list[ $i, $j ] = @list[ $j, $i ];
	}
	return @list;
}

# Up to n elements, in any order.
sub some_of
{
	my ($n, @list) = @_;
	@list = shuffled(@list);
	return @list[ 0 .. ($n < @list ? $n : @list) - 1 ];
}

#
# Texts
#

sub sql_name { my ($name) = @_; $name =~ s/"/""/g; return qq{"$name"}; }
sub sql_text { my ($text) = @_; $text =~ s/'/''/g; return "'$text'"; }

sub json_text
{
	my ($text) = @_;
	$text =~ s/(["\\])/\\$1/g;
	$text =~ s/\n/\\n/g;
	$text =~ s/\t/\\t/g;
	return qq{"$text"};
}

# What texts are made of: letters of which lower() makes something, what LIKE and
# JSON take for more than themselves, and characters with an odd successor.
my @letters = (
	'a', 'A', 'b', 'B', 'z', 'Z', 'I', 'i', '%', '_', '\\', q{'}, '"', ' ', '$', '1', "\n",
	'é', 'É', 'ß', 'ẞ', 'İ', 'ı', 'Σ', 'σ', 'ς', 'ж', 'Ж', 'Ǆ', 'ǆ', '😀', '中',
	"e\xCC\x81", "\x7F", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF");
my @few = ('a', 'A', 'b', '%', '_', '\\', 'é', 'É', 'Σ', "\xF4\x8F\xBF\xBF");

# A text, as a list of letters.
sub random_letters
{
	my ($from, $to) = @_;
	my @from = chance(0.5) ? @few : @letters;
	return map { one_of(@from) } 1 .. number($from, $to);
}

#
# Values
#
# Each is SQL text, JSON text, and, for strings, the letters.
#

sub string_value
{
	my @text = @_;
	my $text = join '', @text;
	return { sql => sql_text($text), json => json_text($text), letters => [@text] };
}

# As the same JSON, or the text of it.
sub plain_value
{
	my ($value, $type) = @_;
	return { sql => "'$value'::$type", json => $value, text => qq{"$value"} };
}

sub quoted_value
{
	my ($type, @forms) = @_;
	return {
		sql => "'$forms[0]'::$type",
		json => qq{"$forms[0]"},
		text => json_text(one_of(@forms)) };
}

my %types = (
	int => sub { plain_value(one_of(number(-3, 3), number(-3, 3), -2147483648, 2147483647), 'int') },
	bigint => sub {
		plain_value(one_of(number(-2, 2), '9223372036854775807', '-9007199254740993', '9007199254740992'),
			'bigint');
	},
	'numeric(10,2)' => sub {
		chance(0.1)
		  ? quoted_value('numeric', 'NaN')
		  : plain_value(one_of(number(-2, 2), '0.10', '1.5', '-99999999.99', '2.25'), 'numeric');
	},
	text => sub { string_value(random_letters(0, 5)) },
	'text COLLATE "C"' => sub { string_value(random_letters(0, 5)) },
	'text COLLATE "und-x-icu"' => sub { string_value(random_letters(0, 5)) },
	'text COLLATE "Random".no_case' => sub { string_value(random_letters(0, 4)) },
	'varchar(20)' => sub { string_value(random_letters(0, 4)) },
	'"Random".label' => sub { string_value(random_letters(0, 4)) },
	'"Random".amount' => sub { plain_value(number(-2, 2), 'int') },
	boolean => sub {
		my $value = one_of('true', 'false');
		return { sql => $value, json => $value, text => '"' . substr($value, 0, 1) . '"' };
	},
	date => sub {
		one_of(
			quoted_value('date', '2024-02-29', '20240229', 'Feb 29 2024'),
			quoted_value('date', '2024-03-01'),
			quoted_value('date', '0044-03-15 BC'),
			quoted_value('date', 'infinity'),
			quoted_value('date', '2024-0' . number(1, 4) . '-1' . number(0, 9)));
	},
	timestamptz => sub {
		one_of(
			quoted_value('timestamptz', '2024-02-29 12:00:00+00', '2024-02-29T13:00:00+01:00'),
			quoted_value('timestamptz', '2024-02-29 12:00:00.000001+00'),
			quoted_value('timestamptz', '-infinity'),
			quoted_value('timestamptz', '0001-01-01 00:00:00+00 BC'),
			quoted_value('timestamptz', '2024-02-29 12:00:0' . number(0, 9) . '.5Z'));
	},
	uuid => sub {
		my $digits = one_of('0', 'a', 'f', number(0, 9));
		my $uuid = ($digits x 8) . '-0000-4000-8000-' . ('0' x 11) . number(0, 9);
		return quoted_value('uuid', $uuid, uc($uuid), "{$uuid}");
	},
	jsonb => sub {
		my $json = one_of(
			number(-2, 2), '1.0', 'true', 'false', '"a"', '"%\\""', '""', 'null', '[]', '[1, null]',
			'{}', '{"eq": 1}', '{"a": [1, {"b": null}]}', '"É"');
		return { sql => sql_text($json) . '::jsonb', json => $json };
	},
	'int[]' => sub {
		my @elements = map { chance(0.2) ? 'null' : number(0, 2) } 1 .. number(0, 3);
		return {
			sql => "'{" . join(',', @elements) . "}'::int[]",
			json => '[' . join(',', @elements) . ']' };
	},
	'"Random".mood' => sub {
		my $value = one_of('low', q{Mid'dle}, 'a', 'high');
		return { sql => sql_text($value) . '::"Random".mood', json => json_text($value) };
	});
# Texts have the most operators, and come more often.
my @types = map { /text|varchar/ ? ($_, $_) : $_ }
  sort grep { $icu || !/icu|no_case/ } keys %types;

# How a type behaves.
sub is_string { my ($column) = @_; return $column->{type} =~ /text|varchar|label/; }
sub is_ordered { my ($column) = @_; return $column->{type} ne 'jsonb'; }
sub is_no_case { my ($column) = @_; return $column->{type} =~ /no_case/; }
sub is_json { my ($column) = @_; return $column->{type} eq 'jsonb'; }
sub is_array { my ($column) = @_; return $column->{type} eq 'int[]'; }

# A row that a filter is made after, so that many filters match something.
our $witness;

# A value to compare a column with: one that it may well have, or any.
sub random_value
{
	my ($column) = @_;
	my $value =
	    $witness && $witness->{$column} && chance(0.7) ? $witness->{$column}
	  : chance(0.85) ? one_of(@{ $column->{values} }) : $types{ $column->{type} }->();

	# in filters and data, null is NULL
	$value = $types{ $column->{type} }->() while $value->{json} eq 'null';
	return $value;
}

sub random_json
{
	my ($value) = @_;
	return $value->{text} && chance(0.15) ? $value->{text} : $value->{json};
}

#
# Relations
#

my @names = (
	'a', 'b', 'c1', 'name', 'created', 'status_code', '_x', 'select', 'user', 'order', 'desc',
	'nulls', 'Order', 'Two Words', 'q"uote', q{o'clock}, 'back\\slash', 'per%cent', 'ünï', '日本',
	'r', 'k', 'n', 'f', 'any_of', 'none_of', 'eq', 'is_null', 'count', 'comma,name', 'dollar$1',
	'UPPER', 'id2', 'value');

sub column_named
{
	my ($name, $type) = @_;
	return {
		name => $name,
		sql => 't.' . sql_name($name),
		type => $type,
		not_null => chance(0.3),
		values => [ map { $types{$type}->() } 1 .. number(2, 6) ] };
}

# As many different keys as there are rows.
sub key_values
{
	my ($type, $count) = @_;
	return
	  $type eq 'int' || $type eq 'bigint'
	  ? map { plain_value($_, $type) } some_of($count, -30 .. 60)
	  : $type eq 'uuid'
	  ? map { quoted_value('uuid', sprintf('%08x-0000-4000-8000-000000000000', $_ * 40_000_003)) }
	  some_of($count, 1 .. 100)
	  : map { string_value(split //, $_) }
	  some_of($count, map { my $k = $_; map { "$_$k" } 'k', 'K', '%', '_' } 1 .. 25);
}

sub random_index
{
	my ($table, @columns) = @_;
	my $column = one_of(@columns);
	my $name = sql_name($column->{name});

	return "CREATE INDEX ON $table (lower($name) text_pattern_ops);\n"
	  if is_string($column) && !is_no_case($column) && chance(0.5);
	return "CREATE INDEX ON $table USING gin ($name);\n"
	  if is_json($column) || is_array($column) && chance(0.5);
	return "CREATE INDEX ON $table USING hash ($name);\n" if chance(0.15);
	my $keys = join ', ', map {
		sql_name($_->{name}) . one_of('', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST')
	} some_of(number(1, 3), @columns);
	my $where = chance(0.2) ? " WHERE $name IS NOT NULL" : '';
	return "CREATE INDEX ON $table ($keys)$where;\n";
}

# A table, or a view of one: its definition, columns and key.
sub random_relation
{
	my ($number) = @_;
	my $table = '"Random".' . sql_name(one_of('t', 'T', 'r', 'Big Table', 'k') . $number);
	my @names = shuffled(@names);
	my $rows = chance(0.06) ? number(0, 1) : chance(0.2) ? number(2, 20) : number(20, 60);
	my $composite = chance(0.1);
	my $view = !$composite && chance(0.2);
	my @keys;
	my @columns;
	my @dropped;

	foreach my $i (0 .. ($composite ? 1 : 0))
	{
		my $key = column_named(
			!$composite && chance(0.5) ? 'id' : shift @names,
			one_of('int', 'bigint', 'uuid', 'text'));
		$key->{not_null} = 1;
		$key->{is_key} = 1;
		$key->{values} = [ key_values($key->{type}, $rows || 1) ];
		push @keys, $key;
	}
	push @columns, column_named(shift @names, one_of(@types)) for 1 .. number(2, 7);
	if (chance(0.2))
	{
		my $column = column_named('updated_at', 'timestamptz');
		push @columns, $column;
	}
	@columns = shuffled(@columns, @keys);
	@dropped = map { column_named("dropped$_", 'int') } 1 .. 2 if chance(0.2);

	my $partitions = chance(0.12) ? number(1, 3) : 0;
	my $ddl = "CREATE TABLE $table (\n\t"
	  . join(",\n\t",
		(map { sql_name($_->{name}) . " $_->{type}" . ($_->{not_null} ? ' NOT NULL' : '') }
		  $dropped[0] ? ($dropped[0], @columns, $dropped[1]) : @columns),
		'PRIMARY KEY (' . join(', ', map { sql_name($_->{name}) } @keys) . ')')
	  . ')'
	  . ($partitions ? ' PARTITION BY HASH (' . sql_name($keys[0]->{name}) . ')' : '')
	  . ";\n";
	$ddl =~ s/("dropped\d" int) NOT NULL/$1/g;
	$ddl .= 'CREATE TABLE "Random".' . sql_name("part$number $_")
	  . " PARTITION OF $table FOR VALUES WITH (MODULUS $partitions, REMAINDER @{[ $_ - 1 ]});\n"
	  for 1 .. $partitions;
	$ddl .= "ALTER TABLE $table DROP COLUMN dropped1, DROP COLUMN dropped2;\n" if @dropped;

	my @rows = map {
		my $i = $_;
		+{ map {
			($_ => $_->{is_key} ? $_->{values}->[$i]
				: !$_->{not_null} && chance(0.25) ? undef
				: one_of(@{ $_->{values} }))
		} @columns }
	} 0 .. $rows - 1;
	my @tuples = map {
		my $row = $_;
		'(' . join(', ', map { $row->{$_} ? $row->{$_}->{sql} : 'NULL' } @columns) . ')'
	} @rows;
	my $list = join ', ', map { sql_name($_->{name}) } @columns;
	$ddl .= "INSERT INTO $table ($list) VALUES\n\t" . join(",\n\t", @tuples) . ";\n"
	  if @tuples;
	$ddl .= random_index($table, @columns) for 1 .. number(0, 3);
	$ddl .= "ANALYZE $table;\n" if chance(0.5);

	my $relation = {
		table => $table,
		name => $table,
		ddl => $ddl,
		rows => \@rows,
		columns => \@columns,
		keys => \@keys };
	if ($view)
	{
		my ($key) = @keys;
		my $columns = join ', ', map {
			sql_name($_->{name}) . ($_ == $key ? ' AS id' : '')
		} @columns;
		$relation->{name} = '"Random".' . sql_name("view $number");
		$relation->{is_view} = 1;
		$relation->{ddl} .=
		  "CREATE VIEW $relation->{name} AS SELECT $columns FROM $table;\n";
		$key->{name} = 'id';
		$key->{sql} = 't."id"';
	}
	return $relation;
}

# A change of a table, for which what was planned before no longer holds.
sub random_change
{
	my ($relation) = @_;
	my @free = grep { !$_->{is_key} } @{ $relation->{columns} };
	my $table = $relation->{table};

	return "ANALYZE $table;\n" if $relation->{is_view};
	return random_index($table, @{ $relation->{columns} }) if chance(0.3);
	if (chance(0.5) && @free > 1)
	{
		my $column = one_of(@free);
		$relation->{columns} = [ grep { $_ != $column } @{ $relation->{columns} } ];
		return "ALTER TABLE $table DROP COLUMN " . sql_name($column->{name}) . ";\n";
	}
	my $column = column_named('added', one_of(@types));
	$column->{not_null} = 0;
	push @{ $relation->{columns} }, $column;
	return "ALTER TABLE $table ADD COLUMN added $column->{type} DEFAULT $column->{values}->[0]->{sql};\n";
}

#
# Filters
#
# Each is JSON text, and SQL text that is true or false, never NULL.
#

# The column is one of the values, or NULL where there is an undef.
sub sql_in
{
	my ($column, @values) = @_;
	return '(' . join(' OR ', 'false', map {
			defined $_ ? "$column->{sql} IS NOT DISTINCT FROM $_->{sql}" : "$column->{sql} IS NULL"
		} @values) . ')';
}

sub random_list
{
	my ($column) = @_;
	return map { chance(0.12) ? undef : random_value($column) } 1 .. one_of(0, 1, 2, 2, 3, 3, 5, 5);
}

sub json_list
{
	return '[' . join(', ', map { defined $_ ? random_json($_) : 'null' } @_) . ']';
}

# A part of a text that the column may have, in any case.
sub random_part
{
	my ($column, $operator) = @_;
	my @text = @{ random_value($column)->{letters} };
	my $length = number(1, 3);

	@text = random_letters(1, 2) if !@text || chance(0.1);
	$length = @text if $length > @text;
	my $from =
	    $operator eq 'starts_with' ? 0
	  : $operator eq 'ends_with' ? @text - $length
	  : number(0, @text - $length);
	@text = @text[ $from .. $from + $length - 1 ];
	my %other = ('a' => 'A', 'A' => 'a', 'é' => 'É', 'É' => 'é', 'b' => 'B', 'Σ' => 'σ', 'Ж' => 'ж',
		'ж' => 'Ж');
	@text = map { $other{$_} && chance(0.3) ? $other{$_} : $_ } @text;
	return join '', @text;
}

# By other functions than LIKE; lower() goes by the column's collation, or by the
# default one where the column's has different strings that are equal.
sub sql_part
{
	my ($column, $operator, $part) = @_;
	my $collation = $column->{type} =~ /(COLLATE ".*")/ ? " $1" : '';
	$collation = ' COLLATE "default"' if is_no_case($column);
	my $text = "lower($column->{sql}::text" . (is_no_case($column) ? $collation : '') . ')';
	my $wanted = 'lower(' . sql_text($part) . "::text$collation)";
	my $test =
	    $operator eq 'contains' ? "position($wanted IN $text) > 0"
	  : $operator eq 'starts_with' ? "left($text, length($wanted)) = $wanted"
	  : "right($text, length($wanted)) = $wanted";
	return "coalesce($test, false)";
}

# An operator of a column and its operand.
sub random_operation
{
	my ($column) = @_;
	my %symbols = (gt => '>', gte => '>=', lt => '<', lte => '<=');
	my $operator = one_of(
		qw(eq ne in not_in is_null),
		is_ordered($column) ? qw(gt gte lt lte) : (),
		is_string($column) ? qw(contains starts_with ends_with) x 2 : ());

	if ($operator eq 'is_null')
	{
		return chance(0.3)
		  ? ($operator, 'true', "$column->{sql} IS NULL")
		  : ($operator, 'false', "NOT ($column->{sql} IS NULL)");
	}
	if ($operator eq 'in' || $operator eq 'not_in')
	{
		my @values;

		# an empty not_in tests nothing, which update_many refuses
		do { @values = random_list($column) } while $operator eq 'not_in' && !@values;
		my $in = sql_in($column, @values);
		return ($operator, json_list(@values), $operator eq 'in' ? $in : "NOT $in");
	}
	if ($operator =~ /s_with|contains/)
	{
		my $part = random_part($column, $operator);
		return ($operator, json_text($part), sql_part($column, $operator, $part));
	}
	if (($operator eq 'eq' || $operator eq 'ne') && chance(0.15))
	{
		return ($operator, 'null',
			"$column->{sql} IS " . ($operator eq 'ne' ? 'NOT ' : '') . 'NULL');
	}
	my $value = random_value($column);
	return (
		$operator,
		random_json($value),
		  $operator eq 'eq' ? sql_in($column, $value)
		: $operator eq 'ne' ? "$column->{sql} IS DISTINCT FROM $value->{sql}"
		: "coalesce($column->{sql} $symbols{$operator} $value->{sql}, false)");
}

# What a column's name stands for in a filter, and the SQL of it.
sub random_test
{
	my ($column) = @_;
	my $kind = rand();

	return ('null', "$column->{sql} IS NULL") if $kind < 0.06;
	if ($kind < 0.25)
	{
		my @values = random_list($column);
		return (json_list(@values), sql_in($column, @values));
	}
	if ($kind < 0.45)
	{
		my $value = random_value($column);

		# an array is a list of values, an object holds operators
		return (random_json($value), sql_in($column, $value))
		  if $value->{json} !~ /^[\[\{]/;
	}
	my %json;
	my %sql;
	foreach (1 .. one_of(1, 1, 1, 1, 2, 3))
	{
		my ($operator, $json, $sql) = random_operation($column);
		$json{$operator} = $json;
		$sql{$operator} = $sql;
	}
	return (
		'{' . join(', ', map { "\"$_\": $json{$_}" } sort keys %json) . '}',
		'(' . join(' AND ', map { "($sql{$_})" } sort keys %sql) . ')');
}

# An object of tests and groups.
sub random_object
{
	my ($relation, $depth, $tests) = @_;
	my @columns = @{ $relation->{columns} };
	my %taken = map { $_->{name} => 1 } @columns;
	my @json;
	my @sql;

	# One column is tested often, so that plans meet the shapes of one another.
	my @tested = $tests == 1 && chance(0.4) ? $columns[0] : some_of($tests, @columns);
	foreach my $column (@tested)
	{
		my ($json, $sql) = random_test($column);
		push @json, json_text($column->{name}) . ": $json";
		push @sql, $sql;
	}
	foreach my $group (qw(any_of all_of none_of))
	{
		next if $taken{$group} || $depth >= 3 || !chance(@json ? 0.12 : 0.18);
		my @members = map { [ random_object($relation, $depth + 1, number(1, 2)) ] }
		  1 .. one_of(0, 1, 2, 2, 2, 3, 3);
		push @json, "\"$group\": [" . join(', ', map { $_->[0] } @members) . ']';
		push @sql,
		    $group eq 'all_of' ? '(' . join(' AND ', 'true', map { $_->[1] } @members) . ')'
		  : $group eq 'any_of' ? '(' . join(' OR ', 'false', map { $_->[1] } @members) . ')'
		  : '(' . join(' AND ', 'true', map { "NOT $_->[1]" } @members) . ')';
	}
	return ('{' . join(', ', shuffled(@json)) . '}',
		'(' . join(' AND ', 'true', @sql) . ')');
}

sub random_filters
{
	my ($relation, $tests) = @_;
	local $witness = one_of(@{ $relation->{rows} }) if @{ $relation->{rows} } && chance(0.85);
	return random_object($relation, 0, $tests // one_of(0, 1, 1, 1, 2, 3));
}

#
# Sort lists: what is given as sort_by, and ORDER BY.
#

sub any_case
{
	my ($word) = @_;
	return join '', map { chance(0.3) ? uc($_) : $_ } split //, $word;
}

sub random_sort
{
	my ($relation, @columns) = @_;
	my @given;
	my @order;
	my %sorted;

	@columns = @{ $relation->{columns} } if !@columns;
	foreach my $column (some_of(one_of(0, 1, 1, 2, 2, 3), @columns))
	{
		my $name = $column->{name};
		my $bare = $name =~ /^[a-z_\x80-\xFF][a-z0-9_\$\x80-\xFF]*$/ && chance(0.7);
		my $direction = one_of('', 'asc', 'desc');
		my $nulls = one_of('', '', 'first', 'last');
		my $space = one_of(' ', ' ', '  ', "\n\t");

		# bytes that are part of a character have no case
		$name =~ s/([a-z]+)/any_case($1)/ge if $bare && chance(0.3);
		push @given, join $space, $bare ? $name : sql_name($name),
		  $direction ? any_case($direction) : (),
		  $nulls ? (any_case('nulls'), any_case($nulls)) : ();
		$nulls ||= $direction eq 'desc' ? 'first' : 'last';
		push @order, "$column->{sql} " . ($direction || 'asc') . " nulls $nulls";
		$sorted{ $column->{name} } = 1;
	}
	push @order, map { $_->{sql} } grep { !$sorted{ $_->{name} } } @{ $relation->{keys} };
	return (@given ? sql_text(join one_of(',', ', ', " ,\n"), @given) : 'NULL',
		join(', ', @order));
}

#
# Cases: a call, and plain SQL; each gives one text.
#

my $all_rows = q{coalesce(jsonb_agg(to_jsonb(fca_row))::text, 'no row')};

# The rows of a call, in the order in which it gives them.
sub rows_of
{
	my ($call) = @_;
	return q{SELECT coalesce(jsonb_agg(to_jsonb(fca_row) - 'ordinality' ORDER BY fca_row.ordinality)::text, }
	  . "'no row') FROM $call WITH ORDINALITY AS fca_row";
}

sub filter_literal { my ($json) = @_; return sql_text($json) . '::jsonb'; }

sub list_case
{
	my ($relation) = @_;
	my ($json, $condition) = random_filters($relation);
	my ($sort_by, $order) = random_sort($relation);
	my $skip = one_of(0, 0, 0, 0, undef, undef, number(0, 5), number(0, @{ $relation->{rows} } + 3));
	my $max_rows = chance(0.03)
	  ? 0
	  : one_of('default', undef, number(1, 3), number(1, 10), number(1, 70), 1001, 5000);
	my $all = chance(0.07);

	$condition = 'true' if $all;
	my @arguments = ("NULL::$relation->{name}", $all ? () : filter_literal($json));
	push @arguments, 'skip => ' . ($skip // 'NULL') if !defined $skip || $skip || chance(0.5);
	push @arguments, 'max_rows => ' . ($max_rows // 'NULL')
	  if ($max_rows // '') ne 'default';
	push @arguments, "sort_by => $sort_by" if $sort_by ne 'NULL' || chance(0.5);
	my $limit = ($max_rows // 'ALL') eq 'default' ? 100 : $max_rows // 'ALL';
	return (
		rows_of('fca.' . ($all ? 'get_all' : 'get_by_filters') . '(' . join(', ', @arguments) . ')'),
		"SELECT $all_rows FROM (SELECT * FROM $relation->{name} AS t WHERE $condition"
		  . " ORDER BY $order LIMIT $limit OFFSET @{[ $skip // 0 ]}) AS fca_row");
}

sub walk_case
{
	my ($relation) = @_;
	my ($json, $condition) = random_filters($relation, one_of(0, 0, 0, 1, 1, 2));
	# pages are refused by columns whose values JSON does not tell apart
	my ($sort_by, $order) =
	  random_sort($relation, grep { !is_json($_) && !is_array($_) } @{ $relation->{columns} });
	my $size = number(1, 10);
	my $pages =
		"SELECT coalesce(jsonb_agg(to_jsonb(fca_row) - 'ordinality' ORDER BY fca_row.ordinality), '[]')"
	  . " FROM fca.get_page(NULL::$relation->{name}, @{[ filter_literal($json) ]}, $sort_by, $size, \$1)"
	  . ' WITH ORDINALITY AS fca_row';
	return (
		"SELECT walk(\$pages\$$pages\$pages\$, $size)",
		"SELECT coalesce(jsonb_agg(to_jsonb(fca_row))::text, '[]') FROM (SELECT * FROM $relation->{name} AS t"
		  . " WHERE $condition ORDER BY $order) AS fca_row");
}

sub count_case
{
	my ($relation) = @_;
	my ($json, $condition) = random_filters($relation);
	return (
		"SELECT fca.count(NULL::$relation->{name}, @{[ filter_literal($json) ]})::text",
		"SELECT (count(*) FILTER (WHERE $condition))::text FROM $relation->{name} AS t");
}

sub find_one_case
{
	my ($relation) = @_;
	my ($json, $condition) = random_filters($relation, one_of(1, 2, 2, 3, 4));
	if (chance(0.3))
	{
		my ($key) = @{ $relation->{keys} };
		my $value = random_value($key);
		$json = '{' . json_text($key->{name}) . ': ' . random_json($value) . '}';
		$condition = sql_in($key, $value);
	}
	return (
		rows_of("fca.find_one(NULL::$relation->{name}, @{[ filter_literal($json) ]})"),
		"SELECT CASE WHEN count(*) > 1 THEN 'ERROR P0003' ELSE $all_rows END"
		  . " FROM (SELECT * FROM $relation->{name} AS t WHERE $condition) AS fca_row");
}

# An array of values in a type that the column is compared with; undef is NULL.
sub sql_array
{
	my ($column, @values) = @_;
	my $type = $column->{type};
	$type = is_string($column) ? 'text' : $type eq '"Random".amount' ? 'int' : $type;
	$type = one_of($type, $type, 'text') if $type =~ /uuid|mood|int$|date/;
	$type = one_of($type, 'bigint') if $type eq 'int';
	return 'ARRAY[' . join(', ', map { defined $_ ? "($_->{sql})::$type" : 'NULL' } @values)
	  . "]::$type\[]";
}

sub get_many_case
{
	my ($relation) = @_;
	my ($key) = @{ $relation->{keys} };
	return count_case($relation) if @{ $relation->{keys} } > 1;
	my @ids = map { chance(0.05) ? undef : random_value($key) } 1 .. one_of(0, 1, 3, 5, 10);
	my $n = 0;
	my @asked = map { $n++; defined $_
		? "SELECT $n AS n, t.* FROM $relation->{name} AS t WHERE $key->{sql} = $_->{sql}" : () } @ids;
	my $columns = join ', ', map { 'a.' . sql_name($_->{name}) } @{ $relation->{columns} };

	# a column may be called n too
	$_ =~ s/ AS n, / AS fca_nth, / foreach @asked;
	return (
		rows_of("fca.get_many(NULL::$relation->{name}, @{[ sql_array($key, @ids) ]})"),
		@asked
		? "SELECT coalesce(jsonb_agg(to_jsonb(fca_row) - 'fca_nth' ORDER BY fca_row.fca_nth)::text,"
		  . " 'no row') FROM ("
		  . join(' UNION ALL ', @asked) . ') AS fca_row'
		: q{SELECT 'no row'});
}

sub get_children_case
{
	my ($relation) = @_;
	my @columns = grep { !is_json($_) && !is_array($_) } @{ $relation->{columns} };
	my $parent = one_of(@columns);
	my ($sort_by, $order) = random_sort($relation);
	my @ids = map { chance(0.05) ? undef : random_value($parent) } 1 .. one_of(0, 1, 2, 4);
	my $per_parent = chance(0.04) ? 0 : one_of(10, undef, 1, 2, 5);
	my @arguments = (
		"NULL::$relation->{name}", sql_text($parent->{name}), sql_array($parent, @ids));
	my $n = 0;
	my @asked = map {
		$n++;
		defined $_
		  ? "SELECT $n AS fca_nth, row_number() OVER (ORDER BY $order) AS fca_place, t.*"
		  . " FROM $relation->{name} AS t WHERE $parent->{sql} = $_->{sql}"
		  : ()
	} @ids;

	push @arguments, 'per_parent => ' . ($per_parent // 'NULL')
	  if ($per_parent // 0) != 10;
	push @arguments, "sort_by => $sort_by" if $sort_by ne 'NULL';
	return (
		rows_of('fca.get_children(' . join(', ', @arguments) . ')'),
		@asked
		? "SELECT coalesce(jsonb_agg(to_jsonb(fca_row) - 'fca_nth' - 'fca_place' ORDER BY fca_row.fca_nth,"
			  . " fca_row.fca_place)::text, 'no row')"
		  . ' FROM (' . join(' UNION ALL ', @asked) . ') AS fca_row'
		  . (defined $per_parent ? " WHERE fca_row.fca_place <= $per_parent" : '')
		: q{SELECT 'no row'});
}

sub by_id_case
{
	my ($relation) = @_;
	my ($key) = @{ $relation->{keys} };
	return count_case($relation) if @{ $relation->{keys} } > 1;
	my $value = random_value($key);
	my $id = $value->{sql} . (is_string($key) ? '::text' : '');
	return chance(0.5)
	  ? ( rows_of("fca.get_by_id(NULL::$relation->{name}, $id)"),
		"SELECT $all_rows FROM (SELECT * FROM $relation->{name} AS t WHERE $key->{sql} = $id) AS fca_row")
	  : ( "SELECT fca.exists(NULL::$relation->{name}, $id)::text",
		"SELECT (count(*) > 0)::text FROM $relation->{name} AS t WHERE $key->{sql} = $id");
}

# At least one test, as update_many and delete_many want it.
sub change_filters
{
	my ($relation) = @_;
	return random_filters($relation, number(1, 2));
}

sub change_case
{
	my ($relation, $call, $plain) = @_;
	my $order = join ', ', map { $_->{sql} } @{ $relation->{keys} };
	my $contents = "SELECT $all_rows FROM (SELECT * FROM $relation->{name} AS t ORDER BY $order) AS fca_row";
	return map { "SELECT change(\$change\$$_\$change\$, \$contents\$$contents\$contents\$)" }
	  ("SELECT $call", "WITH changed AS ($plain RETURNING 1) SELECT count(*) FROM changed");
}

sub update_many_case
{
	my ($relation) = @_;
	my ($json, $condition) = change_filters($relation);
	my @columns = some_of(number(1, 3), grep { !$_->{is_key} } @{ $relation->{columns} });
	my ($updated_at) = grep { $_->{name} eq 'updated_at' } @{ $relation->{columns} };
	my @data;
	my @set;

	foreach my $column (@columns)
	{
		my $value = !$column->{not_null} && chance(0.2) ? undef : random_value($column);
		push @data, json_text($column->{name}) . ': ' . ($value ? random_json($value) : 'null');
		push @set, sql_name($column->{name}) . ' = ' . ($value ? $value->{sql} : 'NULL');
	}
	push @set, 'updated_at = now()'
	  if $updated_at && !grep { $_ == $updated_at } @columns;
	return change_case(
		$relation,
		"fca.update_many(NULL::$relation->{name}, @{[ filter_literal($json) ]}, "
		  . filter_literal('{' . join(', ', @data) . '}') . ')',
		"UPDATE $relation->{name} AS t SET " . join(', ', @set) . " WHERE $condition");
}

sub delete_many_case
{
	my ($relation) = @_;
	my ($json, $condition) = change_filters($relation);
	return change_case(
		$relation,
		"fca.delete_many(NULL::$relation->{name}, @{[ filter_literal($json) ]})",
		"DELETE FROM $relation->{name} AS t WHERE $condition");
}

my @kinds = (
	('get_by_filters') x 34, ('get_page') x 20, ('count') x 8,
	('find_one') x 8, ('get_many') x 7, ('get_children') x 9,
	('by_id') x 2, ('update_many') x 6, ('delete_many') x 6);
my %makers = (
	get_by_filters => \&list_case,
	get_page => \&walk_case,
	count => \&count_case,
	find_one => \&find_one_case,
	get_many => \&get_many_case,
	get_children => \&get_children_case,
	by_id => \&by_id_case,
	update_many => \&update_many_case,
	delete_many => \&delete_many_case);

#
# The run
#

# What has the planner choose other plans than it would for so few rows.
sub random_settings
{
	return join '', map { chance(0.4) ? "SET enable_$_ = off;\n" : '' }
	  qw(seqscan sort bitmapscan hashjoin);
}

my $started = time;
my $done = 0;
my $different = 0;
my $made = 0;
my $relations = 0;
my %count;

while ($made < $cases)
{
	my $script = random_settings();
	my $settings = $script;
	my %case;

	foreach (1 .. $relations_per_session)
	{
		my $relation = random_relation(++$relations);
		my $ddl = $relation->{ddl};
		$script .= $ddl;
		foreach my $i (1 .. $cases_per_relation)
		{
			last if $made == $cases;
			if ($i == $cases_per_relation / 2 && chance(0.5))
			{
				my $change = random_change($relation);
				$script .= $change;
				$ddl .= $change;
			}
			my $kind = one_of(@kinds);
			my ($call, $plain) = $makers{$kind}->($relation);
			$case{ ++$made } =
			  { kind => $kind, ddl => $ddl, call => $call, plain => $plain };
			$script .= "SELECT compare($made, \$call\$$call\$call\$, \$plain\$$plain\$plain\$);\n";
		}
		$script .= "DROP TABLE $relation->{table} CASCADE;\n";
	}

	my ($status, $stdout, $stderr) = $node->psql('postgres',
		"SET client_min_messages = warning;\n$script", on_error_stop => 0);
	my %answered;
	foreach my $line (split /\n/, $stdout)
	{
		my ($n, $answer) = $line =~ /^(\d+)\|(.*)$/ or next;
		$answered{$n} = $answer;
	}
	my $errors = $stderr;
	foreach my $n (sort { $a <=> $b } keys %case)
	{
		my $case = $case{$n};
		my $answer = $answered{$n} // 'there is no answer; see the errors below';
		$done++ if defined $answered{$n};
		$count{ $case->{kind} }++ if defined $answered{$n};
		next if $answer eq '';
		next if $different++ >= $max_shown;
		$answer =~ s/<br>/\n/;
		diag("case $n, $case->{kind}:\n$settings$case->{ddl}\n$case->{call};\n\n$case->{plain};\n\n",
			"$answer\n");
	}
	if ($errors ne '')
	{
		fail('plain SQL and the relations have no error');
		diag(substr($errors, 0, 3000));
		last;
	}
}

my $seconds = sprintf '%.1f', time - $started;
note("$_: $count{$_} cases") foreach sort keys %count;
is($done, $cases, "cases compared, over $relations relations, in $seconds s");
is($different, 0, 'no answer differs from that of plain SQL')
  or diag("FCA_SEED=$seed FCA_CASES=$cases prove t/010_properties.pl  # repeats this run");

$node->stop;
done_testing();
