# What the TAP tests share: servers that find the module, and a call of every
# function of the extension.
package FcaRepo;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(new_node load_path installed_folder share_folder run_fixture
  signatures finder_call read_call write_call stream_call finder_names read_names
  write_names stream_names in_block check_calls sqlstate);

my $root = dirname(dirname(dirname(abs_path(__FILE__))));

#
# Servers
#

sub pg_config
{
	my ($option) = @_;
	my ($stdout) = run_command([ 'pg_config', $option ]);
	return $stdout;
}

# The folder below a destination in which control files and scripts are.
sub share_folder
{
	return pg_config('--sharedir') . '/extension';
}

# The settings with which a server finds what is installed below a folder, before
# what is installed in itself; undef where it has no such setting.
sub load_path
{
	my ($folder) = @_;
	my ($settings) = run_command([ 'postgres', '--describe-config' ]);

	# Debian's own
	return "extension_destdir = '$folder'\n"
	  if $settings =~ /^extension_destdir\t/m;
	return "extension_control_path = '$folder"
	  . pg_config('--sharedir')
	  . ":\$system'\ndynamic_library_path = '$folder"
	  . pg_config('--pkglibdir')
	  . ":\$libdir'\n"
	  if $settings =~ /^extension_control_path\t/m;
	return undef;
}

# The destination folder that a running server was told to load from; '' for
# what is installed in itself.
sub installed_folder
{
	my ($node) = @_;
	my $path = $node->safe_psql('postgres', q{
		SELECT coalesce(current_setting('extension_destdir', true), '')});
	return $path if $path ne '';

	$path = $node->safe_psql('postgres', q{
		SELECT coalesce(current_setting('extension_control_path', true), '')});
	($path) = split /:/, $path;
	return '' if !defined $path || $path !~ m{^/};
	$path =~ s/\Q@{[pg_config('--sharedir')]}\E$//;
	return $path;
}

# A server that is set up but not started.  It never has to survive a crash.
sub new_node
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(
		extra => [ '--locale=C', '--encoding=UTF8' ],
		%{ $options{init} || {} });
	$node->append_conf('postgresql.conf', load_path($ENV{FCA_DESTDIR}) || '')
	  if $ENV{FCA_DESTDIR};
	$node->append_conf('postgresql.conf', "fsync = off\njit = off\n");
	$node->append_conf('postgresql.conf', $options{conf}) if $options{conf};
	return $node;
}

# Runs a file of sql/fixtures.
sub run_fixture
{
	my ($node, $dbname, $name) = @_;
	$node->command_ok(
		[
			'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1',
			'-d', $node->connstr($dbname),
			'-f', "$root/sql/fixtures/$name.sql"
		],
		"fixture $name");
}

# The SQLSTATE that a script ends in; 00000 for none.
sub sqlstate
{
	my ($node, $dbname, $sql, %options) = @_;
	my ($status, $stdout, $stderr) = $node->psql(
		$dbname, $sql,
		on_error_stop => 1,
		extra_params => [ '-v', 'VERBOSITY=sqlstate' ],
		%options);
	return $1 if $stderr =~ /(?:ERROR|FATAL):\s+(\w{5})/;
	return $status == 0 ? '00000' : "psql: $stderr";
}

#
# Calls
#
# The arguments of each function, as SQL in which i is a number.  They suit the
# rows of the fixture "desk" for small numbers.  A finder's paging arguments are
# not among them.
#

my %finders = (
	find_by_email => q{email => 'c' || i || '@example.com'},
	get_by_email => q{email => 'c' || i || '@example.com'},
	find_by_business_id => q{business_id => 'CUST-' || lpad(i::text, 6, '0')},
	get_by_customer_id => q{customer_id => 'CUST-' || lpad(i::text, 6, '0')},
	find_vip_customers => '',
	get_vip_customers => '',
	find_active_customers => '',
	search_by_name => q{name => (ARRAY['smith', 'SMI', 'nna', '100%'])[1 + i % 4]},
	find_by_account_number => q{account_number => 'ACC-' || i},
	list_by_customer => q{customer_id => i},
	list_accounts_by_status =>
	  q{status => (ARRAY['closed', 'active', 'frozen'])[1 + i % 3]},
	find_by_reference => q{reference => 'TX-' || i},
	find_recent_transactions => q{account_id => i},
	find_transactions_between =>
	  q{account_id => i, since => '2026-01-01Z', until => timestamptz '2026-04-01Z' + i * interval '1 second'},
	find_transactions_by_category =>
	  q{account_id => i, category => (ARRAY['rent', 'food'])[1 + i % 2]},
	find_by_customer => q{customer_id => i},
	find_escalated => '',
	find_escalated_by_group => q{assigned_group => (ARRAY['loans', 'fraud'])[1 + i % 2]},
	find_by_ticket_id => q{ticket_id => 'ESC-' || i},
	find_by_status =>
	  q{status => (ARRAY['closed', 'active', 'resolved', 'escalated'])[1 + i % 4]},
	find_by_conversation => q{conversation_id => i},
	find_recent_messages => q{conversation_id => i},
	find_requiring_human => '',
	find_by_type => q{type => (ARRAY['loan', 'current', 'savings'])[1 + i % 3]},
	find_active_products => '',
	search_by_keyword => q{keyword => (ARRAY['card', '100%', 'PIN'])[1 + i % 3]},
	find_by_category => q{category => (ARRAY['other', 'cards'])[1 + i % 2]},
	find_by_emails => q{emails => ARRAY['c' || i || '@example.com', 'nobody']},
	find_by_business_ids => q{business_ids => ARRAY['CUST-' || lpad(i::text, 6, '0'), 'x']},
	find_by_account_numbers => q{account_numbers => ARRAY['ACC-' || i, 'ACC-1']},
	list_by_customers => q{customer_ids => ARRAY[i, 1]},
	find_by_references => q{transaction_references => ARRAY['TX-' || i, 'TX-1']},
	find_recent_transactions_of => q{account_ids => ARRAY[i, 1]},
	find_by_ticket_ids => q{ticket_ids => ARRAY['ESC-' || i, 'ESC-1']},
	find_by_customers => q{customer_ids => ARRAY[i, 1]},
	find_recent_messages_of => q{conversation_ids => ARRAY[i, 1]},
);

my %reads = (
	get_by_id => q{NULL::fca.customer, i},
	get_many => q{NULL::fca.customer, ARRAY(SELECT generate_series(1, i % 9))},
	get_all =>
	  q{NULL::fca.customer, skip => 1 + i % 3, max_rows => 101 + i % 900, sort_by => 'last_name desc'},
	get_by_filters =>
	  q{NULL::fca.conversation, jsonb_build_object('customer_id', i, 'summary', NULL, 'status', (SELECT jsonb_agg(s) FROM unnest(ARRAY['escalated', 'active', 'closed']) WITH ORDINALITY AS u (s, n) WHERE n <= 1 + i % 3)), max_rows => 11 + i % 90},
	find_one => q{NULL::fca.conversation, jsonb_build_object('escalation_id', 'ESC-' || i)},
	get_page =>
	  q{NULL::fca.conversation, jsonb_build_object('message_count', jsonb_build_object('lt', i)), 'updated_at desc', 11 + i % 90, jsonb_build_object('updated_at', timestamptz '2026-05-01Z' + i * interval '1 hour', 'id', i)},
	get_children =>
	  q{NULL::fca.message, 'conversation_id', ARRAY[i, 1], 1 + i % 9, 'created_at desc'},
	count => q{NULL::fca.transaction, jsonb_build_object('account_id', i)},
	count_estimate => q{NULL::fca.transaction, jsonb_build_object('account_id', i)},
	exists => q{NULL::fca.message, i},
);

my %writes = (
	create =>
	  q{NULL::fca.customer, jsonb_build_object('customer_id', 'N-' || i, 'email', 'n' || i || '@example.com', 'first_name', 'N', 'last_name', i::text)},
	create_many =>
	  q{NULL::fca.faq, jsonb_build_array(jsonb_build_object('question', 'q' || i, 'answer', 'a'), jsonb_build_object('question', 'r' || i, 'answer', 'b', 'category', 'new', 'is_active', false))},
	update => q{NULL::fca.product, 1 + i % 5, jsonb_build_object('description', 'd' || i)},
	update_many =>
	  q{NULL::fca.account, '{"status": "frozen"}', jsonb_build_object('balance', i)},
	delete => q{NULL::fca.message, i},
	delete_many => q{NULL::fca.transaction, jsonb_build_object('id', jsonb_build_array(i, -i))},
	create_tables => '',
	create_many_report =>
	  q{NULL::fca.faq, jsonb_build_array(jsonb_build_object('question', 's' || i, 'answer', 'a'))},
	update_if =>
	  q{NULL::fca.product, 1 + i % 5, jsonb_build_object('id', jsonb_build_object('gt', 0)), jsonb_build_object('description', 'e' || i)},
	upsert => q{NULL::fca.product, jsonb_build_object('id', 1 + i % 5, 'description', 'f' || i)},
	upsert_many =>
	  q{NULL::fca.product, jsonb_build_array(jsonb_build_object('id', 1 + i % 5, 'description', 'g' || i))},
	find_escalated_for_update => '',
	get_by_id_for_update => q{NULL::fca.customer, i},
);

# What opens a cursor: it is VOLATILE, but writes nothing.
my %streams = (
	open_cursor =>
	  q{NULL::fca.customer, jsonb_build_object('id', jsonb_build_object('gt', i)), 'last_name'},
	open_finder =>
	  q{'find_by_conversation', jsonb_build_object('conversation_id', i, 'max_rows', NULL)},
);

sub call
{
	my ($name, $arguments, $i) = @_;
	$arguments =~ s/\bi\b/$i/g;
	return "SELECT * FROM fca.$name($arguments)";
}

sub finder_names { return sort keys %finders; }
sub read_names { return sort keys %reads; }
sub write_names { return sort keys %writes; }
sub stream_names { return sort keys %streams; }

# A call of a finder: the rest are paging arguments.
sub finder_call
{
	my ($name, $i, @paging) = @_;
	return call($name, join(', ', grep { $_ ne '' } $finders{$name}, @paging), $i);
}

sub read_call { my ($name, $i) = @_; return call($name, $reads{$name}, $i); }
sub write_call { my ($name, $i) = @_; return call($name, $writes{$name}, $i); }
# A statement in a transaction block of its own, which a cursor needs.
sub in_block { my ($sql) = @_; return "BEGIN;\n$sql;\nROLLBACK"; }

sub stream_call { my ($name, $i) = @_; return call($name, $streams{$name}, $i); }

# The functions of the extension in the catalog: name => [names of arguments].
sub signatures
{
	my ($node, $dbname, $condition) = @_;
	return map {
		my ($name, $arguments) = split /\|/, $_, -1;
		($name => [ split /,/, $arguments ])
	} split /\n/, $node->safe_psql($dbname, qq{
		SELECT p.proname, coalesce(array_to_string(p.proargnames, ','), '')
		FROM pg_proc AS p
		JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass
			AND d.objid = p.oid AND d.deptype = 'e'
		JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass
			AND e.oid = d.refobjid AND e.extname = 'fca_repo'
		WHERE $condition});
}

# Every function has a call here: a finder gives rows of a resource and takes no
# row type.
sub check_calls
{
	my ($node, $dbname) = @_;
	my $generic = q{'anyelement'::regtype = ANY (p.proargtypes::oid[])};
	my %got = (
		finders => {
			signatures(
				$node, $dbname,
				qq{p.proretset AND p.provolatile = 's' AND NOT $generic
				AND EXISTS (SELECT FROM pg_type AS t
					WHERE t.oid = p.prorettype AND t.typtype = 'c'
					AND t.typnamespace = 'fca'::regnamespace)})
		},
		reads => { signatures($node, $dbname, "p.provolatile <> 'v' AND $generic") },
		writes => {
			signatures($node, $dbname,
				"p.provolatile = 'v' AND p.prorettype NOT IN ('refcursor'::regtype, 'internal'::regtype)")
		},
		streams => {
			signatures($node, $dbname, "p.prorettype = 'refcursor'::regtype")
		});
	my %all = signatures($node, $dbname, "p.prorettype <> 'internal'::regtype");

	is_deeply([ sort keys %{ $got{finders} } ],
		[finder_names], 'every finder has a call');
	is_deeply([ sort keys %{ $got{reads} } ], [read_names], 'every read has a call');
	is_deeply([ sort keys %{ $got{writes} } ],
		[write_names], 'every write has a call');
	is_deeply([ sort keys %{ $got{streams} } ],
		[stream_names], 'every stream has a call');
	is_deeply(
		[ sort keys %all ],
		[ sort(finder_names(), read_names(), write_names(), stream_names()) ],
		'there is no other function');
}

1;
