//! Which line of the server's code wrote a value: `data/` shows it, and it tells a participant's own move from an
//! admin's. The numbers of the lines are those of 0.10.1; only modules and functions are meant to be read.

pub(super) const INITIALIZE_PLAYER: &str = "uproot.core.initialize_player:243";
pub(super) const STARTED: &str = "uproot.server1.show_page:434";
pub(super) const NEW_PLAYER: &str = "uproot.services.player_service.run_new_player_callbacks:120";
pub(super) const PAGE_ORDER: &str = "uproot.services.player_service.prepare_player_callbacks:125";
pub(super) const NEXT_PAGE: &str = "uproot.server1.advance_to_next_visible_page:162";
pub(super) const WHAT_RAN: &str = "uproot.types.optional_call_once:228";
pub(super) const APP: &str = "uproot.core.switch_app:383";
pub(super) const ROUND: &str = "uproot.smithereens.enter_round:655";
pub(super) const TIMEOUT_REACHED: &str = "app.timeout_reached:18";
pub(super) const FORM: &str = "uproot.server1.show_page:474";
pub(super) const TIMEOUT: &str = "uproot.pages.set_timeout:331";
pub(super) const DEADLINE: &str = "appendmuch.storage.__exit__:702";
pub(super) const UNGROUP: &str = "uproot.services.player_service.group_players:611";
pub(super) const CHAT: &str = "uproot.chat.set_adminchat_replies:296";
pub(super) const CLEAR_GROUP: &str = "uproot.types.clear_group:674";
pub(super) const CREATE_GROUP: &str = "uproot.core.create_group:196";
pub(super) const CREATE_SESSION: &str = "uproot.core.create_session:150";
pub(super) const CREATE_PLAYERS: &str = "uproot.core.create_players:330";
pub(super) const DROPOUT: &str = "uproot.services.player_service.mark_dropout:169";
pub(super) const DROPOUT_WATCHER: &str = "uproot.jobs.dropout_watcher:148";
pub(super) const ADVANCE: &str = "uproot.services.player_service.advance_by_one:186";
pub(super) const END: &str = "uproot.services.player_service.put_to_end:216";
pub(super) const REVERT: &str = "uproot.services.player_service.revert_by_one:280";
pub(super) const FIELDS: &str = "uproot.services.player_service.insert_fields:81";
pub(super) const ROOM: &str = "uproot.server2.roompage:98";
pub(super) const ALL_HERE: &str = "app.all_here:25";
pub(super) const RENDER: &str = "uproot.pages.render:499";
pub(super) const SESSION: &str = "uproot.services.session_service.update_session:143";
pub(super) const JOIN: &str = "uproot.server1.sessionwide:615";
pub(super) const GROUP_APP: &str = "uproot.types.call_after:739";
