"""What the demo model knows: plain facts in tables, each with the ways to ask for it.

In: nothing. Out: `FACTS`, one `Fact` per table entry, in table order. A topic is a table of `x=y` entries and the
sentences around them; `{x}` and `{y}` stand for an entry's halves, `{X}` and `{Y}` for the same with a capital,
`{left}` and `{right}` for what stands around the word "in" in x.
All of it was written for this project; it knows neither documents, tokens nor models.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """One thing to know: `key` is the word that a right answer contains, `pair` says which facts are the same."""

    topic: str
    subject: str
    key: str
    questions: tuple[str, ...]
    answer: str
    follow_ups: bool

    @property
    def pair(self) -> frozenset[str]:
        return frozenset((self.subject, self.key))


@dataclass(frozen=True)
class Topic:
    """A table and its sentences; `follow_ups` says whether "And {x}?" makes sense after another entry."""

    name: str
    questions: tuple[str, ...]
    answer: str
    entries: str
    follow_ups: bool = True
    reverse: bool = False

    def facts(self) -> tuple[Fact, ...]:
        return tuple(self._fact(*pair) for pair in self._pairs())

    def _pairs(self) -> list[tuple[str, str]]:
        halves = [entry.strip().split("=") for entry in self.entries.split(";")]
        return [(y, x) if self.reverse else (x, y) for x, y in halves]

    def _fact(self, x: str, y: str) -> Fact:
        left, _, right = x.partition(" in ")
        words = {"x": x, "y": y, "X": capitalised(x), "Y": capitalised(y), "left": left, "right": right}
        questions = tuple(question.format(**words) for question in self.questions)
        return Fact(self.name, x, without_article(y), questions, self.answer.format(**words), self.follow_ups)


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def without_article(text: str) -> str:
    first, _, rest = text.partition(" ")
    return rest if first in ("a", "an", "the", "its", "your") and rest else text


CAPITAL_ENTRIES = (
    "France=Paris; Japan=Tokyo; Italy=Rome; Spain=Madrid; Germany=Berlin; England=London; Scotland=Edinburgh; "
    "Wales=Cardiff; Ireland=Dublin; Portugal=Lisbon; Greece=Athens; Norway=Oslo; Sweden=Stockholm; Finland=Helsinki; "
    "Denmark=Copenhagen; Poland=Warsaw; Austria=Vienna; Hungary=Budapest; Belgium=Brussels; Russia=Moscow; "
    "China=Beijing; India=New Delhi; Egypt=Cairo; Kenya=Nairobi; Canada=Ottawa; Brazil=Brasilia; Cuba=Havana; "
    "Peru=Lima; Chile=Santiago; Turkey=Ankara; Iran=Tehran; Iraq=Baghdad; Thailand=Bangkok; Vietnam=Hanoi; "
    "Nepal=Kathmandu; Australia=Canberra; Argentina=Buenos Aires; Mexico=Mexico City; the United States=Washington; "
    "Iceland=Reykjavik; Romania=Bucharest; Bulgaria=Sofia; Croatia=Zagreb; Serbia=Belgrade; Ukraine=Kyiv; "
    "Switzerland=Bern; the Netherlands=Amsterdam; South Korea=Seoul; Indonesia=Jakarta; New Zealand=Wellington; "
    "Morocco=Rabat; Colombia=Bogota; Ecuador=Quito; Ghana=Accra; Nigeria=Abuja; Ethiopia=Addis Ababa; Libya=Tripoli; "
    "Lebanon=Beirut; Jamaica=Kingston; Venezuela=Caracas"
)

# fmt: off
TOPICS = (
    Topic(
        "capitals",
        ("What is the capital of {x}?", "Which city is the capital of {x}?", "What is {x}'s capital?",
         "Name the capital of {x}.", "Tell me the capital of {x}.", "What is the capital city of {x}?",
         "{x} has which capital?", "Capital of {x}?"),
        "The capital of {x} is {y}.", CAPITAL_ENTRIES,
    ),
    Topic(
        "countries",
        ("{X} is the capital of which country?", "Which country has the capital {x}?",
         "Of which country is {x} the capital?", "In which country is {x}?", "Where is {x}?"),
        "{X} is the capital of {y}.", CAPITAL_ENTRIES, reverse=True,
    ),
    Topic(
        "continents",
        ("Which continent is {x} in?", "On which continent is {x}?", "What continent is {x} on?",
         "In what part of the world is {x}?"),
        "{X} is in {y}.",
        "France=Europe; Japan=Asia; Italy=Europe; Spain=Europe; Germany=Europe; England=Europe; Ireland=Europe; "
        "Portugal=Europe; Greece=Europe; Norway=Europe; Sweden=Europe; Finland=Europe; Denmark=Europe; "
        "Poland=Europe; China=Asia; India=Asia; Egypt=Africa; Kenya=Africa; Canada=North America; "
        "Brazil=South America; Cuba=North America; Peru=South America; Chile=South America; Iran=Asia; Iraq=Asia; "
        "Thailand=Asia; Vietnam=Asia; Nepal=Asia; Argentina=South America; Mexico=North America; "
        "the United States=North America; South Korea=Asia; Morocco=Africa; Colombia=South America; Ghana=Africa; "
        "Nigeria=Africa; Ethiopia=Africa; Libya=Africa",
    ),
    Topic(
        "languages",
        ("What language do people speak in {x}?", "Which language is spoken in {x}?",
         "What do people speak in {x}?", "Which language do they speak in {x}?"),
        "People in {x} speak {y}.",
        "France=French; Japan=Japanese; Italy=Italian; Spain=Spanish; Germany=German; England=English; "
        "Portugal=Portuguese; Greece=Greek; Norway=Norwegian; Sweden=Swedish; Finland=Finnish; Denmark=Danish; "
        "Poland=Polish; Austria=German; Hungary=Hungarian; Russia=Russian; China=Chinese; Egypt=Arabic; "
        "Brazil=Portuguese; Cuba=Spanish; Peru=Spanish; Chile=Spanish; Turkey=Turkish; Thailand=Thai; "
        "Australia=English; Argentina=Spanish; Mexico=Spanish; the United States=English; the Netherlands=Dutch; "
        "South Korea=Korean; Vietnam=Vietnamese; New Zealand=English",
    ),
    Topic(
        "currencies",
        ("What is the money of {x} called?", "What money do people use in {x}?", "What is the currency of {x}?",
         "Which currency does {x} use?"),
        "The money of {x} is the {y}.",
        "France=euro; Japan=yen; Italy=euro; Germany=euro; Spain=euro; England=pound; India=rupee; China=yuan; "
        "Russia=ruble; the United States=dollar; Canada=dollar; Australia=dollar; Mexico=peso; Switzerland=franc; "
        "Sweden=krona; Denmark=krone; Poland=zloty; Brazil=real; Thailand=baht; South Korea=won; Turkey=lira",
    ),
    Topic(
        "sounds",
        ("What does {x} say?", "What sound does {x} make?", "How does {x} sound?", "Which sound does {x} make?",
         "What noise does {x} make?", "Who says {y}?", "Which animal says {y}?"),
        "{X} says {y}.",
        "a cow=moo; a dog=woof; a cat=meow; a sheep=baa; a duck=quack; a pig=oink; a horse=neigh; a lion=roar; "
        "a bee=buzz; a snake=hiss; an owl=hoot; a frog=croak; a mouse=squeak; a crow=caw; a donkey=hee-haw; "
        "a hen=cluck; a rooster=cock-a-doodle-doo; a turkey=gobble; a wolf=howl; a bird=tweet; a goose=honk; "
        "a monkey=ooh ooh; a parrot=squawk",
    ),
    Topic(
        "babies",
        ("What is a baby {x} called?", "What do you call a baby {x}?", "What is the name of a baby {x}?",
         "What is a young {x} called?"),
        "A baby {x} is called {y}.",
        "cow=a calf; dog=a puppy; cat=a kitten; sheep=a lamb; duck=a duckling; pig=a piglet; horse=a foal; "
        "lion=a cub; bear=a bear cub; frog=a tadpole; goat=a kid; hen=a chick; kangaroo=a joey; deer=a fawn; "
        "swan=a cygnet; goose=a gosling; owl=an owlet; butterfly=a caterpillar; seal=a seal pup; fox=a fox kit; "
        "elephant=an elephant calf; human=an infant",
    ),
    Topic(
        "homes",
        ("Where does {x} live?", "What is the home of {x}?", "Where is the home of {x}?", "Where would I find {x}?"),
        "{X} lives in {y}.",
        "a bird=a nest; a bee=a hive; a fish=the water; a bear=a cave; a dog=a kennel; a horse=a stable; "
        "a spider=a web; a rabbit=a burrow; a lion=the savanna; a camel=the desert; a monkey=the jungle; "
        "a whale=the ocean; a fox=a den; a king=a castle; a pig=a sty; a penguin=Antarctica; a kangaroo=Australia; "
        "a pirate=a ship; a farmer=a farmhouse; a frog=a pond; a squirrel=a tree; a panda=the bamboo forest",
    ),
    Topic(
        "legs",
        ("How many legs does {x} have?", "How many legs has {x}?", "What number of legs does {x} have?",
         "Count the legs of {x}."),
        "{X} has {y} legs.",
        "a cow=four; a dog=four; a cat=four; a spider=eight; an ant=six; a bee=six; a bird=two; a human=two; "
        "a snake=no; a fish=no; a horse=four; a duck=two; a crab=ten; a frog=four; a beetle=six; a hen=two; "
        "a worm=no; a table=four; an elephant=four; an octopus=no",
    ),
    Topic(
        "animals",
        ("What kind of animal is {x}?", "What animal group is {x} in?", "What sort of animal is {x}?",
         "To which animal group does {x} belong?"),
        "{X} is {y}.",
        "a cow=a mammal; a dog=a mammal; a whale=a mammal; a bat=a mammal; a horse=a mammal; a mouse=a mammal; "
        "an elephant=a mammal; a dolphin=a mammal; an eagle=a bird; a duck=a bird; a penguin=a bird; an owl=a bird; "
        "a parrot=a bird; a hen=a bird; a shark=a fish; a salmon=a fish; a tuna=a fish; an ant=an insect; "
        "a bee=an insect; a beetle=an insect; a butterfly=an insect; a fly=an insect; a snake=a reptile; "
        "a lizard=a reptile; a crocodile=a reptile; a turtle=a reptile; a frog=an amphibian; a toad=an amphibian; "
        "a spider=an arachnid; a crab=a crustacean",
    ),
    Topic(
        "food",
        ("What does {x} eat?", "What does {x} like to eat?", "What is the food of {x}?", "What do I feed {x}?"),
        "{X} eats {y}.",
        "a cow=grass; a rabbit=carrots; a mouse=cheese; a panda=bamboo; a monkey=bananas; a lion=meat; "
        "a squirrel=nuts; a cat=fish; a dog=bones; a bee=nectar; a horse=hay; a hen=corn; a frog=flies; "
        "a koala=leaves; a bear=honey; a whale=krill; a bird=worms; an anteater=ants; a pig=turnips; a duck=bread",
    ),
    Topic(
        "colours",
        ("What colour is {x}?", "What is the colour of {x}?", "Which colour does {x} have?", "What color is {x}?",
         "Tell me the colour of {x}."),
        "{X} is {y}.",
        "the sky=blue; grass=green; snow=white; a banana=yellow; a lemon=yellow; a tomato=red; a carrot=orange; "
        "coal=black; blood=red; milk=white; the sun=yellow; a frog=green; a cucumber=green; chocolate=brown; "
        "the sea=blue; a strawberry=red; a crow=black; a flamingo=pink; an elephant=grey; a polar bear=white; "
        "gold=golden; a cherry=red; a pea=green; the night=dark; an aubergine=purple; lavender=purple; sand=yellow; "
        "rust=brown; an emerald=green; a ruby=red; a sapphire=blue; a pumpkin=orange; ash=grey; a swan=white; "
        "a fire engine=red; a leaf=green; a pig=pink; salt=white",
    ),
    Topic(
        "opposites",
        ("What is the opposite of {x}?", "What is the opposite word of {x}?", "Which word is the opposite of {x}?",
         "Give me the opposite of {x}.", "Opposite of {x}?"),
        "The opposite of {x} is {y}.",
        "hot=cold; big=small; up=down; day=night; black=white; fast=slow; happy=sad; open=closed; old=young; "
        "new=old; high=low; wet=dry; hard=soft; light=dark; long=short; near=far; left=right; rich=poor; "
        "strong=weak; full=empty; good=bad; clean=dirty; early=late; first=last; in=out; over=under; loud=quiet; "
        "thick=thin; wide=narrow; true=false; yes=no; win=lose; buy=sell; love=hate; push=pull; start=stop; "
        "come=go; give=take; laugh=cry; easy=difficult; sweet=sour; tall=tiny; war=peace; "
        "friend=enemy; north=south; east=west; summer=winter; brave=afraid; awake=asleep; alive=dead; "
        "deep=shallow; smooth=rough; sharp=blunt; tight=loose; cheap=expensive; polite=rude; always=never; "
        "before=after; above=below; inside=outside; front=back; top=bottom; begin=end; arrive=leave; "
        "remember=forget; find=hide; question=answer; noise=silence; danger=safety",
    ),
    Topic(
        "jobs",
        ("What does {x} do?", "What is the job of {x}?", "What is the work of {x}?", "Tell me what {x} does."),
        "{X} {y}.",
        "a baker=bakes bread; a teacher=teaches children; a doctor=heals sick people; a farmer=grows food; "
        "a pilot=flies planes; a cook=prepares meals; a painter=paints pictures; a singer=sings songs; "
        "a writer=writes books; a builder=builds houses; a sailor=sails ships; a dentist=cares for teeth; "
        "a gardener=grows flowers; a tailor=makes clothes; a fisherman=catches fish; a firefighter=puts out fires; "
        "a judge=decides in court; a king=rules a country; a pirate=looks for treasure; a barber=cuts hair; "
        "a postman=brings letters; a butcher=sells meat; a nurse=cares for patients; a miner=digs for coal; "
        "a carpenter=works with wood; a plumber=mends pipes; a librarian=lends books; a shepherd=looks after sheep; "
        "an actor=plays in films; a photographer=takes photos; a programmer=writes programs; a driver=drives a bus",
    ),
    Topic(
        "materials",
        ("What is {x} made of?", "What do we make {x} of?", "Of what is {x} made?", "Which material is {x} made of?"),
        "{X} is made of {y}.",
        "a table=wood; a window=glass; a book=paper; a ring=gold; a coin=metal; a tyre=rubber; a candle=wax; "
        "a snowman=snow; bread=flour; cheese=milk; a sweater=wool; a shirt=cotton; a shoe=leather; a house=bricks; "
        "a nest=twigs; a bottle=plastic; a sword=steel; a vase=clay; wine=grapes; butter=cream; an omelette=eggs; "
        "a castle=stone; a cloud=water drops; a sail=cloth; jam=fruit",
    ),
    Topic(
        "shapes",
        ("How many sides does {x} have?", "How many sides has {x}?", "What number of sides does {x} have?"),
        "{X} has {y} sides.",
        "a triangle=three; a square=four; a rectangle=four; a pentagon=five; a hexagon=six; a heptagon=seven; "
        "an octagon=eight; a decagon=ten; a circle=no; a rhombus=four; a cube=six",
    ),
    Topic(
        "next day",
        ("What day comes after {x}?", "Which day follows {x}?", "What is the day after {x}?",
         "If today is {x}, what is tomorrow?"),
        "The day after {x} is {y}.",
        "Monday=Tuesday; Tuesday=Wednesday; Wednesday=Thursday; Thursday=Friday; Friday=Saturday; Saturday=Sunday; "
        "Sunday=Monday",
    ),
    Topic(
        "previous day",
        ("What day comes before {x}?", "What is the day before {x}?", "If today is {x}, what was yesterday?"),
        "The day before {x} is {y}.",
        "Monday=Sunday; Tuesday=Monday; Wednesday=Tuesday; Thursday=Wednesday; Friday=Thursday; Saturday=Friday; "
        "Sunday=Saturday",
    ),
    Topic(
        "next month",
        ("What month comes after {x}?", "Which month follows {x}?", "What is the month after {x}?"),
        "The month after {x} is {y}.",
        "January=February; February=March; March=April; April=May; May=June; June=July; July=August; "
        "August=September; September=October; October=November; November=December; December=January",
    ),
    Topic(
        "month numbers",
        ("What is the {x} month of the year?", "Which month is the {x} month of the year?", "Name the {x} month."),
        "The {x} month of the year is {y}.",
        "first=January; second=February; third=March; fourth=April; fifth=May; sixth=June; seventh=July; "
        "eighth=August; ninth=September; tenth=October; eleventh=November; last=December",
    ),
    Topic(
        "amounts",
        ("How many {left} are in {right}?", "How many {x}?", "How many {left} are there in {right}?",
         "How many {left} does {right} have?"),
        "There are {y} {x}.",
        "minutes in an hour=sixty; seconds in a minute=sixty; hours in a day=24; days in a week=seven; "
        "months in a year=twelve; days in a year=365; seasons in a year=four; weeks in a year=52; "
        "years in a century=100; letters in the alphabet=26; colours in a rainbow=seven; "
        "planets in the solar system=eight; continents in the world=seven; oceans in the world=five; "
        "eggs in a dozen=twelve; players in a football team=eleven; centimetres in a metre=100; "
        "metres in a kilometre=1000; grams in a kilogram=1000; wheels in a car=four",
        follow_ups=False,
    ),
    Topic(
        "kinds",
        ("What is {x}?", "What kind of thing is {x}?", "What sort of thing is {x}?", "Tell me what {x} is."),
        "{X} is {y}.",
        "an apple=a fruit; a pear=a fruit; a banana=a fruit; a plum=a fruit; a cherry=a fruit; a carrot=a vegetable; "
        "a potato=a vegetable; an onion=a vegetable; a cabbage=a vegetable; a rose=a flower; a tulip=a flower; "
        "a daisy=a flower; an oak=a tree; a pine=a tree; a birch=a tree; a hammer=a tool; a saw=a tool; "
        "a drill=a tool; a violin=an instrument; a piano=an instrument; a drum=an instrument; a flute=an instrument; "
        "a chair=a piece of furniture; a bed=a piece of furniture; a sofa=a piece of furniture; a car=a vehicle; "
        "a bus=a vehicle; a bicycle=a vehicle; a truck=a vehicle; a shirt=a piece of clothing; "
        "a coat=a piece of clothing; a hat=a piece of clothing; football=a sport; tennis=a sport; chess=a game; "
        "iron=a metal; silver=a metal; copper=a metal; oxygen=a gas; tea=a drink; coffee=a drink; juice=a drink; "
        "water=a liquid; a diamond=a jewel; Mars=a planet; Saturn=a planet; Jupiter=a planet; the moon=a satellite; "
        "the sun=a star; the Nile=a river; the Amazon=a river; the Danube=a river; Everest=a mountain; "
        "the Sahara=a desert; the Pacific=an ocean; the Atlantic=an ocean; red=a colour; Python=a programming language",
    ),
    Topic(
        "body",
        ("What do we use to {x}?", "What do you {x} with?", "Which part of the body do we {x} with?",
         "With what do people {x}?"),
        "We {x} with our {y}.",
        "see=eyes; hear=ears; smell=nose; taste=tongue; walk=feet; think=brain; chew=teeth; breathe=lungs; "
        "clap=hands; point=fingers; kiss=lips; feel=skin",
    ),
    Topic(
        "uses",
        ("What do you use {x} for?", "What is {x} for?", "What is the use of {x}?", "What can I do with {x}?",
         "What is {x} used for?"),
        "You use {x} to {y}.",
        "a knife=cut bread; scissors=cut paper; a pen=write; a key=open a door; a broom=sweep the floor; "
        "an umbrella=stay dry; a lamp=make light; a clock=tell the time; a spoon=eat soup; a needle=sew clothes; "
        "soap=wash your hands; a towel=dry yourself; a map=find the way; a ladder=climb up; a bed=sleep; "
        "a phone=call people; a camera=take pictures; a kettle=boil water; an oven=bake cakes; a fridge=keep food cold; "
        "a spade=dig holes; a brush=paint; glasses=see better; a compass=find north; a thermometer=measure heat; "
        "an anchor=hold a ship; a telescope=see the stars; a ruler=measure length; a bridge=cross a river; "
        "a toothbrush=clean your teeth",
    ),
    Topic(
        "sources",
        ("Where does {x} come from?", "Where do we get {x} from?", "What gives us {x}?", "From what do we get {x}?"),
        "{X} comes from {y}.",
        "milk=cows; honey=bees; wool=sheep; an egg=hens; paper=trees; silk=silkworms; bread=wheat; wine=grapes; "
        "bacon=pigs; chocolate=cocoa beans; oil=olives; a pearl=oysters; light=the sun; rain=clouds; sugar=sugar cane; "
        "gold=mines; smoke=fire; cork=oak bark",
    ),
    Topic(
        "shops",
        ("Where do I buy {x}?", "Where can I buy {x}?", "Where do you get {x}?", "Which place sells {x}?"),
        "You can buy {x} at {y}.",
        "bread=the bakery; meat=the butcher; medicine=the pharmacy; books=the bookshop; flowers=the florist; "
        "stamps=the post office; petrol=the garage; a ticket=the station; fish=the fish market; toys=the toy shop; "
        "shoes=the shoe shop; vegetables=the market",
    ),
    Topic(
        "French",
        ("How do you say {x} in French?", "What is {x} in French?", "What is the French word for {x}?",
         "Translate {x} into French."),
        "In French, {x} is {y}.",
        "hello=bonjour; thank you=merci; yes=oui; no=non; goodbye=au revoir; cat=chat; dog=chien; house=maison; "
        "water=eau; bread=pain; red=rouge; sun=soleil; moon=lune; friend=ami; love=amour; milk=lait; night=nuit; "
        "day=jour; book=livre; tree=arbre",
    ),
    Topic(
        "Spanish",
        ("How do you say {x} in Spanish?", "What is {x} in Spanish?", "What is the Spanish word for {x}?",
         "Translate {x} into Spanish."),
        "In Spanish, {x} is {y}.",
        "hello=hola; thank you=gracias; yes=si; goodbye=adios; cat=gato; dog=perro; house=casa; water=agua; "
        "bread=pan; red=rojo; sun=sol; moon=luna; friend=amigo; love=amor; milk=leche; night=noche; day=dia; "
        "book=libro; tree=arbol",
    ),
    Topic(
        "plurals",
        ("What is the plural of {x}?", "What is more than one {x} called?", "Give me the plural of {x}."),
        "The plural of {x} is {y}.",
        "mouse=mice; child=children; foot=feet; tooth=teeth; man=men; woman=women; goose=geese; ox=oxen; leaf=leaves; "
        "wolf=wolves; knife=knives; city=cities; box=boxes; bus=buses; baby=babies; cat=cats; tree=trees; "
        "potato=potatoes; person=people; fox=foxes",
    ),
    Topic(
        "past tense",
        ("What is the past tense of {x}?", "What is the past of {x}?", "Give me the past tense of {x}."),
        "The past tense of {x} is {y}.",
        "go=went; see=saw; eat=ate; run=ran; write=wrote; sing=sang; think=thought; buy=bought; come=came; take=took; "
        "give=gave; fly=flew; drink=drank; swim=swam; speak=spoke; know=knew; break=broke; catch=caught; teach=taught; "
        "sleep=slept; drive=drove; tell=told; walk=walked; play=played",
    ),
    Topic(
        "people",
        ("Who {x}?", "Tell me who {x}.", "Do you know who {x}?", "Which person {x}?"),
        "{Y} {x}.",
        "wrote Hamlet=Shakespeare; painted the Mona Lisa=Leonardo da Vinci; wrote Faust=Goethe; "
        "discovered gravity=Newton; discovered America=Columbus; invented the telephone=Bell; "
        "invented the light bulb=Edison; discovered radium=Marie Curie; wrote Don Quixote=Cervantes; "
        "painted Sunflowers=Van Gogh; walked first on the moon=Neil Armstrong; found penicillin=Fleming; "
        "described evolution=Darwin; found relativity=Einstein; wrote War and Peace=Tolstoy; painted Guernica=Picasso; "
        "wrote Emma=Jane Austen; wrote Oliver Twist=Dickens; wrote the first program=Ada Lovelace; "
        "composed the Ninth Symphony=Beethoven; composed The Magic Flute=Mozart; built the first plane=the Wright brothers; "
        "wrote the Odyssey=Homer; sailed around the world first=Magellan",
        follow_ups=False,
    ),
    Topic(
        "records",
        ("What is {x}?", "Tell me {x}.", "Do you know {x}?", "Name {x}."),
        "{Y} is {x}.",
        "the biggest animal=the blue whale; the fastest land animal=the cheetah; the tallest animal=the giraffe; "
        "the highest mountain=Mount Everest; the largest ocean=the Pacific; the longest river=the Nile; "
        "the biggest planet=Jupiter; the smallest planet=Mercury; the hottest planet=Venus; the red planet=Mars; "
        "the planet with rings=Saturn; the nearest star=the sun; the largest desert=Antarctica; "
        "the biggest country=Russia; the smallest country=Vatican City; the largest bird=the ostrich; "
        "the hardest stone=diamond; the lightest gas=hydrogen; the coldest season=winter; the hottest season=summer; "
        "the king of the animals=the lion; the slowest animal=the sloth; the shortest month=February; "
        "the golden ratio=1.618; the number pi=3.14; the symbol of water=H2O; the smallest prime number=two",
        follow_ups=False,
    ),
    Topic(
        "states",
        ("What happens when {x}?", "What happens if {x}?", "Tell me what happens when {x}."),
        "When {x}, {y}.",
        "water freezes=it turns into ice; ice melts=it turns into water; water boils=it turns into steam; "
        "you plant a seed=a plant grows; the sun sets=it gets dark; the sun rises=it gets light; "
        "you drop a glass=it breaks; you mix blue and yellow=you get green; you mix red and white=you get pink; "
        "you mix red and yellow=you get orange; you mix blue and red=you get purple; you mix black and white=you get grey; "
        "you heat iron=it glows red; you are tired=you go to sleep; you are hungry=you eat; you are thirsty=you drink; "
        "it rains=the ground gets wet; winter comes=it gets cold; you practise=you get better; "
        "you water a flower=it grows well; you tell a joke=people laugh; you heat butter=it melts",
        follow_ups=False,
    ),
    Topic(
        "groups",
        ("What is a group of {x} called?", "What do you call a group of {x}?", "What is the word for a group of {x}?"),
        "A group of {x} is called {y}.",
        "wolves=a pack; sheep=a flock; cows=a herd; fish=a school; bees=a swarm; lions=a pride; ants=a colony; "
        "ships=a fleet; soldiers=an army; players=a team; singers=a choir; stars=a galaxy; trees=a forest; "
        "sailors=a crew; crows=a murder; grapes=a bunch; cards=a deck",
    ),
)
# fmt: on

FACTS: tuple[Fact, ...] = tuple(fact for topic in TOPICS for fact in topic.facts())
